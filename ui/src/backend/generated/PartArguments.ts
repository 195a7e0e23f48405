// Generated from the Rust types of the same name.
/**
 * One part of the data.
 */
export type PartArguments = { 
/**
 * Its name, as `data_parts` tells it.
 */
name: string, };
