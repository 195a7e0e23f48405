// Generated from the Rust types of the same name.
/**
 * The comparison of a tag.
 */
export type MatchOperator = "equal" | "not_equal" | "regex" | "not_regex";
