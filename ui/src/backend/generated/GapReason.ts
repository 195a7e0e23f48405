// Generated from the Rust types of the same name.
/**
 * Why there is nothing to know about a stretch of time.
 */
export type GapReason = "not_running" | "asleep" | "offline" | "paused";
