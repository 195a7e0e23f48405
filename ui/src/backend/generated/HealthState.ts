// Generated from the Rust types of the same name.
/**
 * The state of a check, a service or a component, best first.
 */
export type HealthState = "healthy" | "unknown" | "degraded" | "unhealthy";
