// Generated from the Rust types of the same name.
import type { TraceSummary } from "./TraceSummary";

/**
 * Traces that match.
 */
export type TracePage = { 
/**
 * The traces.
 */
traces: Array<TraceSummary>, 
/**
 * True if there are more than the limit.
 */
more: boolean, 
/**
 * Interpretation of the search as text.
 */
understood: string, };
