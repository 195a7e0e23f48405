// Generated from the Rust types of the same name.
/**
 * A file to save. It may be as large as the stored data.
 */
export type FileReply = Blob;
