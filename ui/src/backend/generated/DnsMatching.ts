// Generated from the Rust types of the same name.
/**
 * The number of expected values that an answer must have.
 */
export type DnsMatching = "all" | "any";
