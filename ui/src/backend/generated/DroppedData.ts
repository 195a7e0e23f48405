// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";
import type { DataResolution } from "./DataResolution";
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
tier: DataResolution, 
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
rollup_rows: number, 
/**
 * Bytes, counted as in [`StoredData`].
 */
bytes: number, 
/**
 * From the first to the last.
 */
range: TimeRange, };
