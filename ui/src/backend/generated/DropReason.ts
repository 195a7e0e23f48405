// Generated from the Rust types of the same name.
/**
 * Why data go.
 */
export type DropReason = "age" | "size";
