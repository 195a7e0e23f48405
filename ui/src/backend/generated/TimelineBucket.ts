// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { TimeRange } from "./TimeRange";

/**
 * One bucket of a check's timeline.
 */
export type TimelineBucket = { 
/**
 * Range of the bucket.
 */
range: TimeRange, 
/**
 * The worst state in it. Unknown without a result.
 */
state: HealthState, 
/**
 * Number of results in it.
 */
results: number, 
/**
 * Message of the worst result.
 */
message: string, };
