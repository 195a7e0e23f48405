// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";
import type { TraceOrder } from "./TraceOrder";

/**
 * A request for traces. A trace matches when one of its spans does.
 */
export type TracesRequest = { 
/**
 * The search as typed; empty for all.
 */
query: string, 
/**
 * The filters at the top of the console.
 */
matchers: Array<TagMatcher>, 
/**
 * Range in which the matching span started.
 */
range: TimeRange, 
/**
 * Only spans at least this long, in nanoseconds.
 */
min_duration: number | null, 
/**
 * Only spans at most this long, in nanoseconds.
 */
max_duration: number | null, 
/**
 * Only spans that failed.
 */
only_errors: boolean, 
/**
 * Order.
 */
order: TraceOrder, 
/**
 * At most this many.
 */
limit: number, };
