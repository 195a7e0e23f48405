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
 * How many spans it has.
 */
spans: number, 
/**
 * How many failed.
 */
errors: number, 
/**
 * Services in it, in name order.
 */
services: Array<string>, 
/**
 * Whether its root span is here.
 */
complete: boolean, };
