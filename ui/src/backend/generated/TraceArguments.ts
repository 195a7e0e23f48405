// Generated from the Rust types of the same name.
import type { TraceId } from "./TraceId";

/**
 * One trace.
 */
export type TraceArguments = { 
/**
 * The trace.
 */
trace_id: TraceId, 
/**
 * Maximum number of spans, earliest first.
 */
limit: number, };
