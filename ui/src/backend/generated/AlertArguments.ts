// Generated from the Rust types of the same name.
/**
 * One alert.
 */
export type AlertArguments = { 
/**
 * The alert.
 */
fingerprint: string, };
