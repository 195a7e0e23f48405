// Generated from the Rust types of the same name.
/**
 * What kind of number a series holds.
 */
export type MetricKind = "gauge" | "counter" | "histogram" | "exponential_histogram" | "summary";
