// Generated from the Rust types of the same name.
/**
 * How long desktop notifications are held back.
 */
export type MuteArguments = { 
/**
 * Minutes from now; none ends it.
 */
minutes: number | null, };
