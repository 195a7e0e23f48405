// Generated from the Rust types of the same name.
/**
 * Kinds of data that have limits of their own.
 */
export type DataKind = "metrics" | "logs" | "spans";
