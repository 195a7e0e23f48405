// Generated from the Rust types of the same name.
/**
 * A file to save.
 */
export type FileReply = Blob;
