// Generated from the Rust types of the same name.
/**
 * A small code the console can act on.
 */
export type ErrorCode = "invalid" | "not_found" | "busy" | "deadline" | "unavailable" | "internal";
