// Generated from the Rust types of the same name.
import type { AlertState } from "./AlertState";
import type { Timestamp } from "./Timestamp";

/**
 * One change of state of an alert, kept for good.
 */
export type AlertTransition = { 
/**
 * When.
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
 * What told the alert apart.
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
 * The value that decided; none if data stopped.
 */
value: number | null, 
/**
 * Why, in a few words.
 */
reason: string, };
