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
 * The range.
 */
range: TimeRange, 
/**
 * Maximum number of items, newest first.
 */
limit: number, };
