// Generated from the Rust types of the same name.
/**
 * The state of an alert.
 */
export type AlertState = "inactive" | "pending" | "firing";
