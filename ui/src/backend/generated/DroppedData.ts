// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { DataResolution } from "./DataResolution";
import type { DropReason } from "./DropReason";
import type { TimeRange } from "./TimeRange";

/**
 * Data of one kind and one service to delete for one reason.
 */
export type DroppedData = { 
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
 * Reason.
 */
reason: DropReason, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Rows of roll-ups.
 */
rollup_rows: number, 
/**
 * Bytes, counted as in [`StoredData`].
 */
bytes: number, 
/**
 * Range from the first to the last record.
 */
range: TimeRange, };
