// Generated from the Rust types of the same name.
/**
 * A measure of a service.
 */
export type ServiceMeasure = "rate" | "error_ratio" | "p50" | "p95";
