// Generated from the Rust types of the same name.
/**
 * The comparison of a value with a threshold.
 */
export type Comparator = "above" | "at_least" | "below" | "at_most";
