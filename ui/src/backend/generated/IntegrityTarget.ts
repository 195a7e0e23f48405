// Generated from the Rust types of the same name.
/**
 * One part of the data that can be verified by itself.
 */
export type IntegrityTarget = { 
/**
 * Its name: of a file, or `table` and the name of a table.
 */
name: string, 
/**
 * Bytes of the file; 0 for a table.
 */
bytes: number, };
