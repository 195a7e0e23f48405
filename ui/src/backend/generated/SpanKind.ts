// Generated from the Rust types of the same name.
/**
 * The role of a span in its trace.
 */
export type SpanKind = "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";
