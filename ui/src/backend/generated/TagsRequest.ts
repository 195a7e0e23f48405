// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";

/**
 * Which tags does a metric have?
 */
export type TagsRequest = { 
/**
 * The metric; the tags of all metrics if empty.
 */
metric: string, 
/**
 * Which series count.
 */
matchers: Array<TagMatcher>, };
