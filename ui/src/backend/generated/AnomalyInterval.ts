// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A stretch outside the expected band.
 */
export type AnomalyInterval = { 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * The value farthest out.
 */
extreme: number, 
/**
 * What was expected there.
 */
expected: number, 
/**
 * Distance from the expected in robust standard deviations.
 */
score: number, };
