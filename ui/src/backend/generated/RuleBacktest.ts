// Generated from the Rust types of the same name.
import type { BacktestInterval } from "./BacktestInterval";
import type { SeriesPoints } from "./SeriesPoints";

/**
 * What a rule would have done, had it existed.
 */
export type RuleBacktest = { 
/**
 * The watched values over the range.
 */
series: Array<SeriesPoints>, 
/**
 * Unit of the values, may be empty.
 */
unit: string, 
/**
 * When it would have been pending or firing, per label set.
 */
intervals: Array<BacktestInterval>, 
/**
 * Notifications it would have sent, resolved ones not counted.
 */
notifications: number, 
/**
 * Time between two evaluated points, in nanoseconds; a shorter window is as long as it. It is longer than the rule's
 * interval over long ranges and where only minutes or hours are left of the points.
 */
step: number, 
/**
 * A threshold that the data suggest: what one value in a hundred exceeds (or undercuts).
 */
suggested_threshold: number | null, 
/**
 * The rule in one sentence.
 */
sentence: string, };
