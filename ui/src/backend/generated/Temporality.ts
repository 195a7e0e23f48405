// Generated from the Rust types of the same name.
/**
 * Whether points count from the previous point or from a fixed start.
 */
export type Temporality = "unspecified" | "delta" | "cumulative";
