// Generated from the Rust types of the same name.
import type { SeverityCounts } from "./SeverityCounts";
import type { Timestamp } from "./Timestamp";

/**
 * Matching records per step and severity.
 */
export type LogCounts = { 
/**
 * Length of a step, in nanoseconds.
 */
step: number, 
/**
 * Starts of the steps, ascending, every step of the range.
 */
times: Array<Timestamp>, 
/**
 * Per severity name, in order of severity: how many records in each step.
 */
counts: Array<SeverityCounts>, 
/**
 * Total.
 */
total: number, };
