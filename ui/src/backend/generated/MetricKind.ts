// Generated from the Rust types of the same name.
/**
 * The kind of a series.
 */
export type MetricKind = "gauge" | "counter" | "histogram" | "exponential_histogram" | "summary";
