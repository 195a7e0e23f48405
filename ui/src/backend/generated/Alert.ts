// Generated from the Rust types of the same name.
import type { AlertSeverity } from "./AlertSeverity";
import type { AlertState } from "./AlertState";
import type { Timestamp } from "./Timestamp";

/**
 * An alert: one label set of one rule with its state.
 */
export type Alert = { 
/**
 * Identifier, a hash of the rule and the labels.
 */
fingerprint: string, 
/**
 * The rule.
 */
rule_id: string, 
/**
 * The rule's name when the alert last changed.
 */
rule_name: string, 
/**
 * Severity.
 */
severity: AlertSeverity, 
/**
 * Labels that identify it among the alerts of the rule.
 */
labels: { [key in string]: string }, 
/**
 * State.
 */
state: AlertState, 
/**
 * Latest value. None if data stopped. In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers,
 * too.
 */
value: number | string | null, 
/**
 * Threshold of the rule.
 */
threshold: number, 
/**
 * Unit of both, may be empty.
 */
unit: string, 
/**
 * Time since which the condition is met.
 */
active_since: Timestamp | null, 
/**
 * Time since which it fires.
 */
fired_at: Timestamp | null, 
/**
 * Time of the last resolution.
 */
resolved_at: Timestamp | null, 
/**
 * Time at which a user acknowledged this firing.
 */
acknowledged_at: Timestamp | null, 
/**
 * Time of the last evaluation.
 */
evaluated_at: Timestamp, };
