// Generated from the Rust types of the same name.
import type { BacktestInterval } from "./BacktestInterval";
import type { NotificationPreview } from "./NotificationPreview";
import type { SeriesPoints } from "./SeriesPoints";

/**
 * The alerts that a rule would have raised over a past range.
 */
export type RuleBacktest = { 
/**
 * The values of the source over the range.
 */
series: Array<SeriesPoints>, 
/**
 * Unit of the values, may be empty.
 */
unit: string, 
/**
 * The pending and firing intervals, per label set.
 */
intervals: Array<BacktestInterval>, 
/**
 * Number of firing notifications.
 */
notifications: number, 
/**
 * Nanoseconds between two evaluations. Longer than the rule's interval over long ranges and
 * where only roll-ups are left; a shorter window is as long as the step.
 */
step: number, 
/**
 * A threshold suggested by the data: the 99th (or first) percentile of the values.
 */
suggested_threshold: number | null, 
/**
 * The rule in one sentence.
 */
description: string, 
/**
 * The latest notification. If nothing fired, that of the value nearest to the threshold; none
 * without values.
 */
preview: NotificationPreview | null, };
