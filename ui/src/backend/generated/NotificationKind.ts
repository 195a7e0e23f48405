// Generated from the Rust types of the same name.
/**
 * The event that a notification reports.
 */
export type NotificationKind = "firing" | "resolved" | "test" | "confirmation";
