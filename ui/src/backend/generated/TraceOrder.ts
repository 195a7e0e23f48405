// Generated from the Rust types of the same name.
/**
 * The order of traces.
 */
export type TraceOrder = "newest" | "slowest";
