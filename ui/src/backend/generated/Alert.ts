// Generated from the Rust types of the same name.
import type { AlertSeverity } from "./AlertSeverity";
import type { AlertState } from "./AlertState";
import type { Timestamp } from "./Timestamp";

/**
 * One label set of one rule and where it stands.
 */
export type Alert = { 
/**
 * Stable name made of the rule and the labels.
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
 * How much it matters.
 */
severity: AlertSeverity, 
/**
 * What tells it from other alerts of the rule.
 */
labels: { [key in string]: string }, 
/**
 * Where it stands.
 */
state: AlertState, 
/**
 * The latest value; none if data stopped.
 */
value: number | null, 
/**
 * The threshold it is held against.
 */
threshold: number, 
/**
 * Unit of both, may be empty.
 */
unit: string, 
/**
 * Since when the condition holds.
 */
active_since: Timestamp | null, 
/**
 * Since when it fires.
 */
fired_at: Timestamp | null, 
/**
 * When it last resolved.
 */
resolved_at: Timestamp | null, 
/**
 * When somebody acknowledged this firing.
 */
acknowledged_at: Timestamp | null, 
/**
 * When it was last evaluated.
 */
evaluated_at: Timestamp, };
