// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * The statistics of one side of a comparison.
 */
export type ComparisonSide = { 
/**
 * Range.
 */
range: TimeRange, 
/**
 * Number of values.
 */
count: number, 
/**
 * Mean.
 */
mean: number, 
/**
 * Median.
 */
median: number, 
/**
 * 95th percentile.
 */
p95: number, 
/**
 * Values at equally spaced quantiles from 0 to 1 (101 of them), to draw both distributions.
 */
quantiles: Array<number>, };
