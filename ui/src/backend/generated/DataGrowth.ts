// Generated from the Rust types of the same name.
import type { DataKind } from "./DataKind";

/**
 * How fast a kind grows.
 */
export type DataGrowth = { 
/**
 * The kind.
 */
kind: DataKind, 
/**
 * Bytes there are now.
 */
bytes: number, 
/**
 * Bytes that came per day, over the last week or since the first.
 */
bytes_per_day: number, 
/**
 * Days until the limit of bytes is met at this pace; none if nothing comes.
 */
days_left: number | null, };
