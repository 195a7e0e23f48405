// Generated from the Rust types of the same name.
/**
 * The verdict of a comparison.
 */
export type ComparisonVerdict = "higher" | "lower" | "no_difference" | "not_enough_data";
