// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * Incidents of one check or all.
 */
export type IncidentsArguments = { 
/**
 * The range.
 */
range: TimeRange, 
/**
 * The check. None stands for all.
 */
check_id: string | null, 
/**
 * Maximum number of items, newest first.
 */
limit: number, };
