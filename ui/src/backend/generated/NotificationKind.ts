// Generated from the Rust types of the same name.
/**
 * What a notification says.
 */
export type NotificationKind = "firing" | "resolved" | "test";
