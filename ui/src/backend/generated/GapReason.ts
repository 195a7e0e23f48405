// Generated from the Rust types of the same name.
/**
 * The reason of a gap.
 */
export type GapReason = "not_running" | "asleep" | "offline" | "paused" | "stalled" | "clock_changed";
