// Generated from the Rust types of the same name.
import type { Gap } from "./Gap";
import type { OperationSummary } from "./OperationSummary";
import type { ServiceSummary } from "./ServiceSummary";
import type { Timestamp } from "./Timestamp";

/**
 * Rate, errors and durations of one service over time.
 */
export type ServiceDetail = { 
/**
 * The figures of the whole range.
 */
summary: ServiceSummary, 
/**
 * Length of a step, in nanoseconds.
 */
step: number, 
/**
 * Starts of the steps that have requests, ascending.
 */
times: Array<Timestamp>, 
/**
 * Requests per second.
 */
rate: Array<number>, 
/**
 * Failed requests per second.
 */
errors: Array<number>, 
/**
 * Median duration in nanoseconds.
 */
p50: Array<number>, 
/**
 * 95th percentile.
 */
p95: Array<number>, 
/**
 * 99th percentile.
 */
p99: Array<number>, 
/**
 * Its operations, busiest first, at most 200.
 */
operations: Array<OperationSummary>, 
/**
 * Gaps in the observation.
 */
gaps: Array<Gap>, };
