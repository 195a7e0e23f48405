// Generated from the Rust types of the same name.
/**
 * A file to upload for an import.
 */
export type UploadRequest = { 
/**
 * Its name, for people.
 */
name: string, 
/**
 * Its size in bytes.
 */
size: number, };
