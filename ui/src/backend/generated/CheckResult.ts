// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * What one look found, retries included.
 */
export type CheckResult = { 
/**
 * The check.
 */
check_id: string, 
/**
 * When the look ended.
 */
time: Timestamp, 
/**
 * The verdict.
 */
state: HealthState, 
/**
 * How long the successful (or last) attempt took, in nanoseconds.
 */
duration: number, 
/**
 * What was found, in one line.
 */
message: string, 
/**
 * Attempts made, 1 without retries.
 */
attempts: number, 
/**
 * Numbers found on the way, such as `connect_seconds`, `query_seconds`, `status_code`, `certificate_days`.
 */
measurements: { [key in string]: number }, };
