// Generated from the Rust types of the same name.
import type { SpanRow } from "./SpanRow";
import type { TraceSummary } from "./TraceSummary";

/**
 * A whole trace.
 */
export type Trace = { 
/**
 * Its summary.
 */
summary: TraceSummary, 
/**
 * Its spans in order of start, at most the requested limit.
 */
spans: Array<SpanRow>, };
