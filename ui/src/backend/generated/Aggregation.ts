// Generated from the Rust types of the same name.
/**
 * The aggregation of samples to one value per step and group.
 */
export type Aggregation = "average" | "sum" | "minimum" | "maximum" | "last" | "count" | "rate" | "increase" | "p50" | "p90" | "p95" | "p99";
