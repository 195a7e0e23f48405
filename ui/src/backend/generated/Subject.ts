// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { ServiceFigure } from "./ServiceFigure";
import type { TagMatcher } from "./TagMatcher";

/**
 * What is analysed.
 */
export type Subject = { "type": "metric", 
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
figure: ServiceFigure, };
