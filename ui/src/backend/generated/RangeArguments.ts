// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A range of time.
 */
export type RangeArguments = { 
/**
 * From when to when.
 */
range: TimeRange, };
