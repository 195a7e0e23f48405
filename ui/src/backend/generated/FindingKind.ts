// Generated from the Rust types of the same name.
/**
 * The kind of a finding.
 */
export type FindingKind = "anomaly" | "trend" | "regression";
