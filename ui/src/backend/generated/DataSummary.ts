// Generated from the Rust types of the same name.
import type { DataLevel } from "./DataLevel";
import type { RetentionPreview } from "./RetentionPreview";

/**
 * All that is kept.
 */
export type DataSummary = { 
/**
 * What is kept and what would go.
 */
retention: RetentionPreview, 
/**
 * What lies where.
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
 * Bytes of the disk that are kept free.
 */
reserve_bytes: number, };
