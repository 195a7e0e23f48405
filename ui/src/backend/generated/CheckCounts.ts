// Generated from the Rust types of the same name.
/**
 * The number of checks that are not healthy, by the state of their latest result.
 */
export type CheckCounts = { 
/**
 * Degraded checks.
 */
degraded: number, 
/**
 * Unhealthy checks.
 */
unhealthy: number, };
