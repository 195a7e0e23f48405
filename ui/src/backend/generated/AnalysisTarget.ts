// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { ServiceMeasure } from "./ServiceMeasure";
import type { TagMatcher } from "./TagMatcher";

/**
 * The target of an analysis.
 */
export type AnalysisTarget = { "type": "metric", 
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
aggregation: Aggregation, } | { "type": "service", 
/**
 * The service.
 */
service: string, 
/**
 * Measure.
 */
measure: ServiceMeasure, };
