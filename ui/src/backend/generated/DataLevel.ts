// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { TimeRange } from "./TimeRange";

/**
 * What lies where: one level of one kind.
 */
export type DataLevel = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * Where: `not sealed yet`, files of `4 hours`, `1 day`, `30 days` or `all time`, those of minutes and hours named so
 * after a comma, or the `database`.
 */
level: string, 
/**
 * Files; none for what lies in the database.
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
 * From the first to the last.
 */
range: TimeRange | null, };
