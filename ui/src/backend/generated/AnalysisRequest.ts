// Generated from the Rust types of the same name.
import type { AnalysisTarget } from "./AnalysisTarget";
import type { TimeRange } from "./TimeRange";

/**
 * What is the trend, and what was out of the ordinary?
 */
export type AnalysisRequest = { 
/**
 * What is analysed.
 */
target: AnalysisTarget, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * At most this many points.
 */
max_points: number, };
