// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";

/**
 * Limits of one kind.
 */
export type KindLimits = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * Older data go, in nanoseconds.
 */
age: number, 
/**
 * Beyond so many bytes the oldest go.
 */
bytes: number, };
