// Generated from the Rust types of the same name.
import type { GapReason } from "./GapReason";
import type { TimeRange } from "./TimeRange";

/**
 * A gap: an interval without observations, which is unknown and neither up nor down.
 */
export type Gap = { 
/**
 * Interval.
 */
range: TimeRange, 
/**
 * Reason.
 */
reason: GapReason, };
