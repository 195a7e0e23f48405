// Generated from the Rust types of the same name.
/**
 * A file to keep.
 */
export type FileReply = Blob;
