// Generated from the Rust types of the same name.
/**
 * A part of a file that is being uploaded.
 */
export type UploadPart = { 
/**
 * Id of the upload.
 */
id: string, 
/**
 * Position of its first byte.
 */
offset: number, 
/**
 * At most 1 MiB, in base64.
 */
data: string, };
