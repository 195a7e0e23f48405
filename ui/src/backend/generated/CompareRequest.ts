// Generated from the Rust types of the same name.
import type { AnalysisTarget } from "./AnalysisTarget";
import type { TimeRange } from "./TimeRange";

/**
 * What is different between two stretches?
 */
export type CompareRequest = { 
/**
 * What is compared. For percentiles of a service the durations of its requests are compared.
 */
target: AnalysisTarget, 
/**
 * The earlier stretch.
 */
before: TimeRange, 
/**
 * The later stretch.
 */
after: TimeRange, };
