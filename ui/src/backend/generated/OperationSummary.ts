// Generated from the Rust types of the same name.
/**
 * One operation of a service in figures.
 */
export type OperationSummary = { 
/**
 * Name.
 */
name: string, 
/**
 * Requests per second.
 */
rate: number, 
/**
 * Share that failed, 0 to 1.
 */
error_ratio: number, 
/**
 * Median duration in nanoseconds.
 */
p50: number, 
/**
 * 95th percentile.
 */
p95: number, 
/**
 * 99th percentile.
 */
p99: number, };
