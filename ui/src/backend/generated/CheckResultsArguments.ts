// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * Results of one check.
 */
export type CheckResultsArguments = { 
/**
 * The check.
 */
check_id: string, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * At most this many, newest first.
 */
limit: number, };
