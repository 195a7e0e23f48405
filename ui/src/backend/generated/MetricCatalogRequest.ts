// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";

/**
 * Which metrics are there?
 */
export type MetricCatalogRequest = { 
/**
 * Part of the name, in any case; empty for all.
 */
search: string, 
/**
 * Which series count.
 */
matchers: Array<TagMatcher>, 
/**
 * At most this many, in name order.
 */
limit: number, };
