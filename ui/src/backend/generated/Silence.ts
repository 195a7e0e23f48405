// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A silence: a range of time in which matching alerts send no notification.
 */
export type Silence = { 
/**
 * Identifier, empty until the silence is saved.
 */
id: string, 
/**
 * The rule. None matches every rule.
 */
rule_id: string | null, 
/**
 * Labels that an alert must have, all of them.
 */
labels: { [key in string]: string }, 
/**
 * Range.
 */
range: TimeRange, 
/**
 * Reason.
 */
reason: string, 
/**
 * True if it ends before its range does, once no alert that it covers is pending or firing.
 */
until_resolved: boolean, };
