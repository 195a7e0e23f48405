// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * Raw samples, as written.
 */
export type SamplesRequest = { 
/**
 * Metric name.
 */
metric: string, 
/**
 * Which series.
 */
matchers: Array<TagMatcher>, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * At most this many samples, newest kept.
 */
limit: number, };
