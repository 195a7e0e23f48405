// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";

/**
 * A request for the tags of a metric.
 */
export type TagsRequest = { 
/**
 * The metric; the tags of all metrics if empty.
 */
metric: string, 
/**
 * Conditions on the series.
 */
matchers: Array<TagMatcher>, };
