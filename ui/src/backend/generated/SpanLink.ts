// Generated from the Rust types of the same name.
import type { Attributes } from "./Attributes";
import type { SpanId } from "./SpanId";
import type { TraceId } from "./TraceId";

/**
 * A reference from a span to another, in the same trace or not.
 */
export type SpanLink = { 
/**
 * Trace of the other span.
 */
trace_id: TraceId, 
/**
 * The other span.
 */
span_id: SpanId, 
/**
 * Attributes of the link.
 */
attributes: Attributes, };
