// Generated from the Rust types of the same name.
import type { AlertState } from "./AlertState";
import type { Timestamp } from "./Timestamp";

/**
 * A change of state of an alert, retained for good.
 */
export type AlertTransition = { 
/**
 * Time.
 */
time: Timestamp, 
/**
 * The alert.
 */
fingerprint: string, 
/**
 * The rule.
 */
rule_id: string, 
/**
 * The rule's name then.
 */
rule_name: string, 
/**
 * Labels of the alert.
 */
labels: { [key in string]: string }, 
/**
 * State before.
 */
from: AlertState, 
/**
 * State after.
 */
to: AlertState, 
/**
 * Value that decided. None if data stopped. In JSON the texts `NaN`, `+Inf` and `-Inf` are
 * numbers, too.
 */
value: number | string | null, 
/**
 * Reason in a few words.
 */
reason: string, };
