// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * Incidents of one check or all.
 */
export type IncidentsArguments = { 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * The check; all if none.
 */
check_id: string | null, 
/**
 * At most this many, newest first.
 */
limit: number, };
