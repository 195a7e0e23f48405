// Generated from the Rust types of the same name.
/**
 * How a value is held against a threshold.
 */
export type Comparator = "above" | "at_least" | "below" | "at_most";
