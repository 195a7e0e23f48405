// Generated from the Rust types of the same name.
/**
 * The kind of an error, which the console acts on.
 */
export type ErrorCode = "invalid" | "forbidden" | "not_found" | "busy" | "deadline" | "unavailable" | "internal";
