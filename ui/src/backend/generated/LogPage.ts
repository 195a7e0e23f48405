// Generated from the Rust types of the same name.
import type { LogLine } from "./LogLine";

/**
 * One page of log records, newest first.
 */
export type LogPage = { 
/**
 * The records.
 */
lines: Array<LogLine>, 
/**
 * Where the next page begins; none if this is the last.
 */
cursor: string | null, 
/**
 * Interpretation of the search as text.
 */
understood: string, };
