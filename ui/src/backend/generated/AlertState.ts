// Generated from the Rust types of the same name.
/**
 * Where an alert stands.
 */
export type AlertState = "inactive" | "pending" | "firing";
