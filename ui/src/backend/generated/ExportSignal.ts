// Generated from the Rust types of the same name.
/**
 * What can be exported.
 */
export type ExportSignal = "metrics" | "logs" | "spans";
