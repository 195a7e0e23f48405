// Generated from the Rust types of the same name.
/**
 * The end of the demonstration.
 */
export type StopDemonstrationArguments = { 
/**
 * True removes its data too.
 */
remove: boolean, };
