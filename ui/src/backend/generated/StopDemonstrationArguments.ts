// Generated from the Rust types of the same name.
/**
 * How the demonstration ends.
 */
export type StopDemonstrationArguments = { 
/**
 * Whether its data are removed too.
 */
remove: boolean, };
