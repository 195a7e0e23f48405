// Generated from the Rust types of the same name.
import type { GapReason } from "./GapReason";
import type { TimeRange } from "./TimeRange";

/**
 * A stretch in which Binnacle could not observe: unknown, never up and never down.
 */
export type Gap = { 
/**
 * The stretch.
 */
range: TimeRange, 
/**
 * Why.
 */
reason: GapReason, };
