// Generated from the Rust types of the same name.
/**
 * One thing by its id.
 */
export type IdArguments = { 
/**
 * Its id.
 */
id: string, };
