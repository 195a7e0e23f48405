// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * Which exemplars are there?
 */
export type ExemplarsRequest = { 
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
 * At most this many. Of more, the largest of every stretch of the range and some of the others.
 */
limit: number, };
