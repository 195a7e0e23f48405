// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * A request for raw samples.
 */
export type SamplesRequest = { 
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
 * Maximum number of samples, the newest.
 */
limit: number, };
