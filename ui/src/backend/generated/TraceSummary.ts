// Generated from the Rust types of the same name.
import type { Timestamp } from "./Timestamp";
import type { TraceId } from "./TraceId";

/**
 * One trace in a list.
 */
export type TraceSummary = { 
/**
 * The trace.
 */
trace_id: TraceId, 
/**
 * Name of its root span, or of its earliest span if the root is missing.
 */
root_name: string, 
/**
 * Service of that span.
 */
root_service: string, 
/**
 * Start of its earliest span.
 */
start: Timestamp, 
/**
 * From the earliest start to the latest end, in nanoseconds.
 */
duration: number, 
/**
 * Number of spans.
 */
spans: number, 
/**
 * Number of failed spans.
 */
errors: number, 
/**
 * Services in it, in name order.
 */
services: Array<string>, 
/**
 * True if its root span is stored.
 */
complete: boolean, };
