// Generated from the Rust types of the same name.
/**
 * A log file to follow.
 */
export type LogFileArguments = { 
/**
 * Its path; the file name may hold `*`.
 */
path: string, 
/**
 * The service it belongs to.
 */
service: string, };
