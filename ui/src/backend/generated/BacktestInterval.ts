// Generated from the Rust types of the same name.
import type { AlertState } from "./AlertState";
import type { TimeRange } from "./TimeRange";

/**
 * A stretch in which a previewed rule would have been pending or firing.
 */
export type BacktestInterval = { 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * Pending or firing.
 */
state: AlertState, 
/**
 * For which label set.
 */
labels: { [key in string]: string }, };
