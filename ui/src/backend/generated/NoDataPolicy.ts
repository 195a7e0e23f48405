// Generated from the Rust types of the same name.
/**
 * What happens to an alert when its data stop.
 */
export type NoDataPolicy = "keep_state" | "resolve" | "fire";
