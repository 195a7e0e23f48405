// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { TagMatcher } from "./TagMatcher";
import type { TimeRange } from "./TimeRange";

/**
 * A request for the series of a chart.
 */
export type SeriesRequest = { 
/**
 * Metric name.
 */
metric: string, 
/**
 * Conditions on the series.
 */
matchers: Array<TagMatcher>, 
/**
 * Aggregation of the samples.
 */
aggregation: Aggregation, 
/**
 * Labels of the groups. Empty for one group of all series.
 */
group_by: Array<string>, 
/**
 * Range.
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
