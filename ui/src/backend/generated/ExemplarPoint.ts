// Generated from the Rust types of the same name.
import type { Attributes } from "./Attributes";
import type { SpanId } from "./SpanId";
import type { Timestamp } from "./Timestamp";
import type { TraceId } from "./TraceId";

/**
 * An exemplar of a metric.
 */
export type ExemplarPoint = { 
/**
 * Tags of the series.
 */
labels: { [key in string]: string }, 
/**
 * When it was measured.
 */
time: Timestamp, 
/**
 * The measurement. In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers, too.
 */
value: number | string, 
/**
 * The trace in which it was made.
 */
trace_id: TraceId | null, 
/**
 * The span in which it was made.
 */
span_id: SpanId | null, 
/**
 * Attributes that the series does not have.
 */
attributes: Attributes, };
