// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * The question behind a chart.
 */
export type SeriesRequest = { 
/**
 * Metric name.
 */
metric: string, 
/**
 * Which series.
 */
matchers: Array<TagMatcher>, 
/**
 * How samples become values.
 */
aggregation: Aggregation, 
/**
 * Labels to keep apart; all series are one if empty.
 */
group_by: Array<string>, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * Length of a step in nanoseconds; chosen from `max_points` if none.
 */
step: number | null, 
/**
 * At most this many steps.
 */
max_points: number, 
/**
 * At most this many groups, the largest first.
 */
limit: number, };
