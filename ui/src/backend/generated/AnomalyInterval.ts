// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * An interval outside the expected band.
 */
export type AnomalyInterval = { 
/**
 * Range.
 */
range: TimeRange, 
/**
 * The value farthest out.
 */
extreme: number, 
/**
 * Expected value there.
 */
expected: number, 
/**
 * Distance from the expected in robust standard deviations.
 */
score: number, };
