// Generated from the Rust types of the same name.
import type { AlertSeverity } from "./AlertSeverity";
import type { Comparator } from "./Comparator";
import type { NoDataPolicy } from "./NoDataPolicy";
import type { RuleSource } from "./RuleSource";

/**
 * An alert rule: a source of values, a condition on them, and the notification of firing alerts.
 */
export type AlertRule = { 
/**
 * Stable identifier; empty on a rule that was never saved.
 */
id: string, 
/**
 * Unique display name.
 */
name: string, 
/**
 * True if the rule is evaluated.
 */
enabled: boolean, 
/**
 * Severity of its alerts.
 */
severity: AlertSeverity, 
/**
 * The source of its values.
 */
source: RuleSource, 
/**
 * The comparison of values with the threshold.
 */
comparator: Comparator, 
/**
 * The threshold, in the unit of the values.
 */
threshold: number, 
/**
 * Threshold below which (or above which) a firing alert resolves (hysteresis).
 */
resolve_threshold: number | null, 
/**
 * Time for which the condition must hold before the alert fires, in seconds.
 */
for_seconds: number, 
/**
 * Seconds between evaluations.
 */
interval_seconds: number, 
/**
 * State of an alert while its data are missing.
 */
no_data: NoDataPolicy, 
/**
 * True if firing and resolved alerts are notified.
 */
notify: boolean, };
