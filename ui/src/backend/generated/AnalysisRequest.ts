// Generated from the Rust types of the same name.
import type { AnalysisTarget } from "./AnalysisTarget";
import type { TimeRange } from "./TimeRange";

/**
 * A request for the trend and the anomalies of a target.
 */
export type AnalysisRequest = { 
/**
 * The target of an analysis.
 */
target: AnalysisTarget, 
/**
 * Range.
 */
range: TimeRange, 
/**
 * At most this many points.
 */
max_points: number, };
