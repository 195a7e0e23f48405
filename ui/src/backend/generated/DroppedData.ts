// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { DropReason } from "./DropReason";
import type { TimeRange } from "./TimeRange";

/**
 * What goes of one service and one kind for one reason.
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
 * Why.
 */
reason: DropReason, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Bytes, counted as in [`KeptData`].
 */
bytes: number, 
/**
 * From the first to the last.
 */
range: TimeRange, };
