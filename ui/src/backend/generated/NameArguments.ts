// Generated from the Rust types of the same name.
/**
 * Something by its name.
 */
export type NameArguments = { 
/**
 * Its name.
 */
name: string, };
