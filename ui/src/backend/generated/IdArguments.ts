// Generated from the Rust types of the same name.
/**
 * One item by its id.
 */
export type IdArguments = { 
/**
 * Its id.
 */
id: string, };
