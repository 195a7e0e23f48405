// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { TimeRange } from "./TimeRange";

/**
 * One cell of a check's timeline.
 */
export type TimelineBucket = { 
/**
 * The stretch the cell covers.
 */
range: TimeRange, 
/**
 * The worst state in it; unknown where there was no result.
 */
state: HealthState, 
/**
 * How many results lie in it.
 */
results: number, 
/**
 * Message of the worst result.
 */
message: string, };
