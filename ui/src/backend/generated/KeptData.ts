// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { TimeRange } from "./TimeRange";

/**
 * What one service has of one kind.
 */
export type KeptData = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * The service.
 */
service: string, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Bytes: of metrics those of their files, of logs and spans those of their texts before the database packs
 * them.
 */
bytes: number, 
/**
 * From the first to the last.
 */
range: TimeRange, 
/**
 * Rows of these that stay whatever the limits, because they are evidence of an alert.
 */
pinned_rows: number, };
