// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * A request for log records.
 */
export type LogsRequest = { 
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
 * At most this many, newest first.
 */
limit: number, 
/**
 * Go on where an earlier page ended.
 */
cursor: string | null, };
