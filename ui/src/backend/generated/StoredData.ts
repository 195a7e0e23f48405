// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { DataResolution } from "./DataResolution";
import type { TimeRange } from "./TimeRange";

/**
 * Data of one kind and one service.
 */
export type StoredData = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * The service.
 */
service: string, 
/**
 * Retention tier, whose age limit applies.
 */
tier: DataResolution, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Rows of roll-ups.
 */
rollup_rows: number, 
/**
 * Bytes: of metrics the size of their files, of logs and spans the size of their text before
 * compression.
 */
bytes: number, 
/**
 * Range from the first to the last record.
 */
range: TimeRange, 
/**
 * Rows of these that stay whatever the limits, because they are evidence of an alert.
 */
pinned_rows: number, };
