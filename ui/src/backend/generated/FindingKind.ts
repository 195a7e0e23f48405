// Generated from the Rust types of the same name.
/**
 * What kind of thing was noticed.
 */
export type FindingKind = "anomaly" | "trend" | "regression";
