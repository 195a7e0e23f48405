// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";

/**
 * The growth of a kind of data.
 */
export type DataGrowth = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * Stored bytes.
 */
bytes: number, 
/**
 * Bytes added per day, over the last week or since the first.
 */
bytes_per_day: number, 
/**
 * Days until the size limit is reached at this rate. None without growth.
 */
days_left: number | null, };
