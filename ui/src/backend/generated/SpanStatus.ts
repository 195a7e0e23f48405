// Generated from the Rust types of the same name.
/**
 * The status of a span.
 */
export type SpanStatus = "unset" | "ok" | "error";
