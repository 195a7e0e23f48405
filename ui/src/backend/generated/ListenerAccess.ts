// Generated from the Rust types of the same name.
/**
 * Who reaches a receiver, and what it requires of them.
 */
export type ListenerAccess = "local" | "protected" | "unprotected" | "refused";
