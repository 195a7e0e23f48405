// Generated from the Rust types of the same name.
/**
 * A log file to follow.
 */
export type LogFileArguments = { 
/**
 * Its path. The file name may be a glob.
 */
path: string, 
/**
 * The service its records belong to.
 */
service: string, };
