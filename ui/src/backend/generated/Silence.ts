// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A stretch of time in which matching alerts are not told.
 */
export type Silence = { 
/**
 * Stable name; empty on a silence that was never saved.
 */
id: string, 
/**
 * The rule; every rule if none.
 */
rule_id: string | null, 
/**
 * Labels an alert must have; all of them.
 */
labels: { [key in string]: string }, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * Why.
 */
reason: string, };
