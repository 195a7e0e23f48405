// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * A request for the services and their health.
 */
export type ServicesRequest = { 
/**
 * Range.
 */
range: TimeRange, 
/**
 * The filters at the top of the console.
 */
matchers: Array<TagMatcher>, 
/**
 * Number of points of the sparklines.
 */
spark_points: number, };
