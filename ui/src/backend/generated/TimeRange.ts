// Generated from the Rust types of the same name.
import type { Timestamp } from "./Timestamp";

/**
 * A range of time that includes its start and excludes its end.
 */
export type TimeRange = { 
/**
 * First point in the range.
 */
start: Timestamp, 
/**
 * First point after the range.
 */
end: Timestamp, };
