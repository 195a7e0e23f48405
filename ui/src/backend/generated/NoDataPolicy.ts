// Generated from the Rust types of the same name.
/**
 * The state of an alert while its data are missing.
 */
export type NoDataPolicy = "keep_state" | "resolve" | "fire";
