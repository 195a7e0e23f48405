// Generated from the Rust types of the same name.
/**
 * The import of an uploaded file.
 */
export type UploadImportRequest = { 
/**
 * Id of the upload.
 */
id: string, 
/**
 * The service of samples that name none.
 */
service: string | null, 
/**
 * Reads the file without storing anything.
 */
dry_run: boolean, };
