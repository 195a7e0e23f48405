// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { DataResolution } from "./DataResolution";
import type { TimeRange } from "./TimeRange";

/**
 * What one service has of one kind.
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
 * By which age it goes.
 */
tier: DataResolution, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Minutes or hours that points come to.
 */
rollup_rows: number, 
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
