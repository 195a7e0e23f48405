// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * A request for the number of matching records over time.
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
 * Range.
 */
range: TimeRange, 
/**
 * At most this many steps.
 */
max_points: number, };
