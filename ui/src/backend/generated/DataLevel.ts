// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { TimeRange } from "./TimeRange";

/**
 * One storage level of one kind of data.
 */
export type DataLevel = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * Name of the level: `not sealed yet`, `4 hours`, `1 day`, `30 days`, `all time` or
 * `database`. Levels of roll-ups end in `, minutes` or `, hours`.
 */
level: string, 
/**
 * Number of files. 0 for data in the database.
 */
files: number, 
/**
 * Rows: points, minutes, hours, records or spans.
 */
rows: number, 
/**
 * Bytes of the files.
 */
bytes: number, 
/**
 * Range from the first to the last record.
 */
range: TimeRange | null, };
