// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * The result of one run, retries included.
 */
export type CheckResult = { 
/**
 * The check.
 */
check_id: string, 
/**
 * End of the run.
 */
time: Timestamp, 
/**
 * Verdict.
 */
state: HealthState, 
/**
 * Duration of the successful (or last) attempt in nanoseconds.
 */
duration: number, 
/**
 * Result in one line.
 */
message: string, 
/**
 * Attempts made, 1 without retries.
 */
attempts: number, 
/**
 * Measurements such as `connect_seconds`, `query_seconds`, `status_code`, `certificate_days`.
 * In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers, too.
 */
measurements: { [key in string]: number | string }, };
