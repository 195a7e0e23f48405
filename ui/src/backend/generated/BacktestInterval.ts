// Generated from the Rust types of the same name.
import type { AlertState } from "./AlertState";
import type { TimeRange } from "./TimeRange";

/**
 * An interval in which an alert of a backtest is pending or firing.
 */
export type BacktestInterval = { 
/**
 * The interval.
 */
range: TimeRange, 
/**
 * Pending or firing.
 */
state: AlertState, 
/**
 * The labels of the alert.
 */
labels: { [key in string]: string }, };
