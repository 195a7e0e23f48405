// Generated from the Rust types of the same name.
import type { DataLevel } from "./DataLevel";
import type { RetentionPreview } from "./RetentionPreview";

/**
 * A summary of the stored data.
 */
export type DataSummary = { 
/**
 * Stored data and data to delete.
 */
retention: RetentionPreview, 
/**
 * Storage levels.
 */
levels: Array<DataLevel>, 
/**
 * Bytes of the database with its log.
 */
database_bytes: number, 
/**
 * Bytes free on the disk.
 */
free_bytes: number, 
/**
 * Bytes of the disk that stay free.
 */
reserve_bytes: number, };
