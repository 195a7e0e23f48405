// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";

/**
 * Limits of one kind.
 */
export type RetentionLimits = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * Maximum age of raw data in nanoseconds.
 */
age: number, 
/**
 * Maximum age of 1-minute roll-ups of metrics, at least that of points.
 */
minutes_age: number | null, 
/**
 * Maximum age of 1-hour roll-ups of metrics, at least that of 1-minute roll-ups.
 */
hours_age: number | null, 
/**
 * Maximum bytes, over which the oldest data are deleted.
 */
bytes: number, };
