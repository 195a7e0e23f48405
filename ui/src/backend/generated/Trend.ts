// Generated from the Rust types of the same name.
/**
 * A straight line through a series, made to withstand outliers.
 */
export type Trend = { 
/**
 * Change per hour, in the unit of the series (Theil-Sen: median of pairwise slopes).
 */
slope_per_hour: number, 
/**
 * Lower end of the interval of the slope at `confidence`.
 */
slope_low: number, 
/**
 * Upper end of the interval of the slope at `confidence`.
 */
slope_high: number, 
/**
 * Confidence of the interval, such as 0.95.
 */
confidence: number, 
/**
 * Probability of such an order of values without a trend (Mann-Kendall, corrected for
 * autocorrelation).
 */
p_value: number, 
/**
 * Value of the line at the start of the range.
 */
start_value: number, 
/**
 * Value of the line at the end of the range.
 */
end_value: number, 
/**
 * Number of points.
 */
points: number, 
/**
 * True if the sign of the slope is certain at `confidence`.
 */
significant: boolean, 
/**
 * The verdict in one sentence.
 */
summary: string, };
