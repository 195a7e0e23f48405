// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * Which services, and how are they?
 */
export type ServicesRequest = { 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * The filters at the top of the console.
 */
matchers: Array<TagMatcher>, 
/**
 * How many points the sparklines have.
 */
spark_points: number, };
