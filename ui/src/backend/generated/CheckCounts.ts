// Generated from the Rust types of the same name.
/**
 * How many checks are not well, by the state of their latest result.
 */
export type CheckCounts = { 
/**
 * How many are degraded.
 */
degraded: number, 
/**
 * How many are unhealthy.
 */
unhealthy: number, };
