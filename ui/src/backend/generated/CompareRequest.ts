// Generated from the Rust types of the same name.
import type { AnalysisTarget } from "./AnalysisTarget";
import type { TimeRange } from "./TimeRange";

/**
 * A request to compare two ranges of a target.
 */
export type CompareRequest = { 
/**
 * Target. For percentiles of a service the durations of its requests are compared.
 */
target: AnalysisTarget, 
/**
 * Earlier range.
 */
before: TimeRange, 
/**
 * Later range.
 */
after: TimeRange, };
