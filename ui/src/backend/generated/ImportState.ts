// Generated from the Rust types of the same name.
/**
 * What becomes of an import.
 */
export type ImportState = "running" | "done" | "failed" | "stopped";
