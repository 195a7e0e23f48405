// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { TagMatcher } from "./TagMatcher";

/**
 * Settings of a rule on a metric.
 */
export type MetricSource = { 
/**
 * Metric name.
 */
metric: string, 
/**
 * Conditions on the labels of its series.
 */
matchers: Array<TagMatcher>, 
/**
 * The aggregation of samples to one value.
 */
aggregation: Aggregation, 
/**
 * Labels that separate groups.
 */
group_by: Array<string>, 
/**
 * Length of the window behind each value, in seconds.
 */
window_seconds: number, };
