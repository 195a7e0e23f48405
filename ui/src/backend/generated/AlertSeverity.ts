// Generated from the Rust types of the same name.
/**
 * The severity of an alert.
 */
export type AlertSeverity = "info" | "warning" | "critical";
