// Generated from the Rust types of the same name.
import type { DataDetail } from "./DataDetail";
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
 * By which age it goes.
 */
detail: DataDetail, 
/**
 * Why.
 */
reason: DropReason, 
/**
 * Rows: points, records or spans.
 */
rows: number, 
/**
 * Minutes or hours that points come to.
 */
steps: number, 
/**
 * Bytes, counted as in [`KeptData`].
 */
bytes: number, 
/**
 * From the first to the last.
 */
range: TimeRange, };
