// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { ServiceMeasure } from "./ServiceMeasure";
import type { TagMatcher } from "./TagMatcher";

/**
 * What is analysed.
 */
export type AnalysisTarget = { "type": "metric", 
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
aggregation: Aggregation, } | { "type": "service", 
/**
 * The service.
 */
service: string, 
/**
 * Which figure.
 */
measure: ServiceMeasure, };
