// Generated from the Rust types of the same name.
import type { TraceSummary } from "./TraceSummary";

/**
 * Traces that match, with where they lie.
 */
export type TracePage = { 
/**
 * The traces.
 */
traces: Array<TraceSummary>, 
/**
 * Whether there are more than the limit.
 */
more: boolean, 
/**
 * How the search was understood, for people.
 */
understood: string, };
