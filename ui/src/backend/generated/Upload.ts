// Generated from the Rust types of the same name.
/**
 * A file that is being uploaded for an import.
 */
export type Upload = { 
/**
 * Its id.
 */
id: string, 
/**
 * Name of the file, for people.
 */
name: string, 
/**
 * Bytes of the file.
 */
size: number, 
/**
 * Bytes of it that the engine has.
 */
received: number, };
