// Generated from the Rust types of the same name.
/**
 * In what order traces come.
 */
export type TraceOrder = "newest" | "slowest";
