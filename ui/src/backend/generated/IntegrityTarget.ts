// Generated from the Rust types of the same name.
/**
 * A file or table that can be verified by itself.
 */
export type IntegrityTarget = { 
/**
 * Name of the file, or `table` and the name of the table.
 */
name: string, 
/**
 * Bytes of the file; 0 for a table.
 */
bytes: number, };
