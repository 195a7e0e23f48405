// Generated from the Rust types of the same name.
/**
 * How a span ended.
 */
export type SpanStatus = "unset" | "ok" | "error";
