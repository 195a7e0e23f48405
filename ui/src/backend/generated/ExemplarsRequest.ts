// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * A request for exemplars.
 */
export type ExemplarsRequest = { 
/**
 * Metric name.
 */
metric: string, 
/**
 * Conditions on the series.
 */
matchers: Array<TagMatcher>, 
/**
 * Range.
 */
range: TimeRange, 
/**
 * At most this many. Of more, the largest of every part of the range and some of the others.
 */
limit: number, };
