// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * Events of a range, newest first.
 */
export type HistoryArguments = { 
/**
 * The range.
 */
range: TimeRange, 
/**
 * Maximum number of items.
 */
limit: number, };
