// Generated from the Rust types of the same name.
/**
 * The reason of a deletion.
 */
export type DropReason = "age" | "size";
