// Generated from the Rust types of the same name.
/**
 * A signal that can be exported.
 */
export type ExportSignal = "metrics" | "logs" | "spans";
