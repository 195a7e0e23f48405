// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * The progress of an import.
 */
export type ImportProgress = { 
/**
 * Bytes of the file that were read.
 */
bytes_read: number, 
/**
 * Bytes of the file.
 */
bytes: number, 
/**
 * Rows or lines with a sample that were read.
 */
rows: number, 
/**
 * Samples and histogram points that were committed, or that would be in a dry run.
 */
points: number, 
/**
 * Series they belong to.
 */
series: number, 
/**
 * Rejected rows.
 */
rejected: number, 
/**
 * First reasons of rejection, with line and column.
 */
reasons: Array<string>, 
/**
 * From the first to just after the last point; none before there is one.
 */
range: TimeRange | null, };
