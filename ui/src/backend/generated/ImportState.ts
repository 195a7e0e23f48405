// Generated from the Rust types of the same name.
/**
 * The state of an import.
 */
export type ImportState = "running" | "done" | "failed" | "stopped";
