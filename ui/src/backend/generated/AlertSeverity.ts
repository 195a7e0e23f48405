// Generated from the Rust types of the same name.
/**
 * How much an alert matters.
 */
export type AlertSeverity = "info" | "warning" | "critical";
