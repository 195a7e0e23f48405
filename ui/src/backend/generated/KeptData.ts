// Generated from the Rust types of the same name.
import type { DataDetail } from "./DataDetail";
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
 * By which age it goes.
 */
detail: DataDetail, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Minutes or hours that points come to.
 */
steps: number, 
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
