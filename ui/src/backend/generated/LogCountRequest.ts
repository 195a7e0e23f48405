// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * How many records match over time?
 */
export type LogCountRequest = { 
/**
 * The search as typed; empty for all.
 */
query: string, 
/**
 * The filters at the top of the console.
 */
matchers: Array<TagMatcher>, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * At most this many steps.
 */
max_points: number, };
