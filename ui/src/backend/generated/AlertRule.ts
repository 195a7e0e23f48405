// Generated from the Rust types of the same name.
import type { AlertSeverity } from "./AlertSeverity";
import type { Comparator } from "./Comparator";
import type { NoDataPolicy } from "./NoDataPolicy";
import type { RuleSource } from "./RuleSource";

/**
 * A rule: what to watch, when to call it bad, for how long, and whom to tell.
 */
export type AlertRule = { 
/**
 * Stable name for machines; empty on a rule that was never saved.
 */
id: string, 
/**
 * Name for people, unique.
 */
name: string, 
/**
 * Whether it is evaluated.
 */
enabled: boolean, 
/**
 * How much it matters.
 */
severity: AlertSeverity, 
/**
 * Where its values come from.
 */
source: RuleSource, 
/**
 * How values are held against the threshold.
 */
comparator: Comparator, 
/**
 * The threshold, in the unit of the watched values.
 */
threshold: number, 
/**
 * A firing alert resolves only when the condition no longer holds against this value (hysteresis).
 */
resolve_threshold: number | null, 
/**
 * How long the condition must hold before the alert fires, in seconds.
 */
for_seconds: number, 
/**
 * Seconds between evaluations.
 */
interval_seconds: number, 
/**
 * What happens when data stop.
 */
no_data: NoDataPolicy, 
/**
 * Whether firing and resolving are told on the desktop.
 */
notify: boolean, };
