// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";

/**
 * A request for the metrics in the catalog.
 */
export type MetricCatalogRequest = { 
/**
 * Part of the name, in any case; empty for all.
 */
search: string, 
/**
 * Conditions on the series.
 */
matchers: Array<TagMatcher>, 
/**
 * At most this many, in name order.
 */
limit: number, };
