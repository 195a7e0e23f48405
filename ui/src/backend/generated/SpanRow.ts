// Generated from the Rust types of the same name.
import type { Attributes } from "./Attributes";
import type { SpanEvent } from "./SpanEvent";
import type { SpanId } from "./SpanId";
import type { SpanKind } from "./SpanKind";
import type { SpanLink } from "./SpanLink";
import type { SpanStatus } from "./SpanStatus";
import type { Timestamp } from "./Timestamp";

/**
 * One span as it is read.
 */
export type SpanRow = { 
/**
 * Its identifier.
 */
span_id: SpanId, 
/**
 * The span it was made in.
 */
parent_span_id: SpanId | null, 
/**
 * The operation.
 */
name: string, 
/**
 * Service.
 */
service: string, 
/**
 * Role.
 */
kind: SpanKind, 
/**
 * Start.
 */
start: Timestamp, 
/**
 * Nanoseconds from the start of the trace.
 */
offset: number, 
/**
 * Length in nanoseconds.
 */
duration: number, 
/**
 * Status.
 */
status: SpanStatus, 
/**
 * Error message, may be empty.
 */
status_message: string, 
/**
 * Details.
 */
attributes: Attributes, 
/**
 * Resource that sent it.
 */
resource: Attributes, 
/**
 * Instrumentation scope, may be empty.
 */
scope: string, 
/**
 * Version of the scope, may be empty.
 */
scope_version: string, 
/**
 * W3C trace state, may be empty.
 */
trace_state: string, 
/**
 * OpenTelemetry's flags, the lowest byte of which are those of W3C.
 */
flags: number, 
/**
 * Events during the span.
 */
events: Array<SpanEvent>, 
/**
 * Other spans it refers to.
 */
links: Array<SpanLink>, };
