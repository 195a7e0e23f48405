// Generated from the Rust types of the same name.
import type { ComparisonSide } from "./ComparisonSide";
import type { ComparisonVerdict } from "./ComparisonVerdict";

/**
 * A comparison of two ranges of one target.
 */
export type Comparison = { 
/**
 * Earlier range.
 */
before: ComparisonSide, 
/**
 * Later range.
 */
after: ComparisonSide, 
/**
 * Relative change of the median, 0.1 for 10% more; none if the median before was zero.
 */
median_change: number | null, 
/**
 * Interval of the relative change of the median at 95%.
 */
median_change_interval: [number, number] | null, 
/**
 * Relative change of the 95th percentile.
 */
p95_change: number | null, 
/**
 * Interval of the relative change of the 95th percentile at 95%.
 */
p95_change_interval: [number, number] | null, 
/**
 * Probability of such a difference if both were alike (Mann-Whitney).
 */
p_value: number, 
/**
 * The verdict.
 */
verdict: ComparisonVerdict, 
/**
 * The verdict in one sentence.
 */
summary: string, };
