// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * Checks with their timelines.
 */
export type ChecksArguments = { 
/**
 * The range of the timelines.
 */
range: TimeRange, 
/**
 * Buckets per timeline.
 */
buckets: number, };
