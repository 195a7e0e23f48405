// Generated from the Rust types of the same name.
/**
 * One part of the stored data.
 */
export type PartArguments = { 
/**
 * Its name, as in `data_parts`.
 */
name: string, };
