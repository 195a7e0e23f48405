// Generated from the Rust types of the same name.
/**
 * One item by its name.
 */
export type NameArguments = { 
/**
 * Its name.
 */
name: string, };
