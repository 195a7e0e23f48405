// Generated from the Rust types of the same name.
/**
 * How a tag is compared.
 */
export type MatchOperator = "equal" | "not_equal" | "regex" | "not_regex";
