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
 * Older data go, in nanoseconds.
 */
age: number, 
/**
 * Of metrics, older minutes go: never before the points.
 */
minutes_age: number | null, 
/**
 * Of metrics, older hours go: never before the minutes.
 */
hours_age: number | null, 
/**
 * Beyond so many bytes the oldest go.
 */
bytes: number, };
