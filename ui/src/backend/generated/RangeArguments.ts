// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A time range.
 */
export type RangeArguments = { 
/**
 * The range.
 */
range: TimeRange, };
