// Generated from the Rust types of the same name.
/**
 * The start from which points count: the previous point or a fixed time.
 */
export type Temporality = "unspecified" | "delta" | "cumulative";
