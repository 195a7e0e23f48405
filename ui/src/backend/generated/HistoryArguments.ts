// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A list of what happened in a range, newest first.
 */
export type HistoryArguments = { 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * At most this many.
 */
limit: number, };
