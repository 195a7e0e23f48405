// Generated from the Rust types of the same name.
/**
 * The resolution of stored data. Logs and spans are always points.
 */
export type DataResolution = "points" | "minutes" | "hours";
