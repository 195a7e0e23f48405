// Generated from the Rust types of the same name.
import type { Attributes } from "./Attributes";
import type { Severity } from "./Severity";
import type { SpanId } from "./SpanId";
import type { Timestamp } from "./Timestamp";
import type { TraceId } from "./TraceId";

/**
 * One log record as it is read.
 */
export type LogLine = { 
/**
 * Names the record within its data folder.
 */
id: string, 
/**
 * Time of the event.
 */
time: Timestamp, 
/**
 * Time at which it was first seen by a collector. Zero in evidence of earlier versions.
 */
observed_time: Timestamp, 
/**
 * Severity.
 */
severity: Severity, 
/**
 * The severity in the sender's words, may be empty.
 */
severity_text: string, 
/**
 * Service.
 */
service: string, 
/**
 * The message.
 */
body: string, 
/**
 * Further attributes.
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
 * The trace it belongs to.
 */
trace_id: TraceId | null, 
/**
 * The span it belongs to.
 */
span_id: SpanId | null, 
/**
 * Name of the event, may be empty.
 */
event_name: string, 
/**
 * OpenTelemetry's flags, the lowest byte of which are those of W3C.
 */
flags: number, };
