// Generated from the Rust types of the same name.
import type { CheckResult } from "./CheckResult";
import type { HealthCheck } from "./HealthCheck";
import type { TimelineBucket } from "./TimelineBucket";
import type { Timestamp } from "./Timestamp";

/**
 * A check with its latest results.
 */
export type CheckOverview = { 
/**
 * The check itself.
 */
check: HealthCheck, 
/**
 * Target as text.
 */
target: string, 
/**
 * True if a secret is stored for it.
 */
has_secret: boolean, 
/**
 * True if an alert rule notifies when it is unhealthy.
 */
notifies: boolean, 
/**
 * Latest result. None before the first run.
 */
latest: CheckResult | null, 
/**
 * Time of its latest change of state.
 */
since: Timestamp | null, 
/**
 * The timeline of the requested range, oldest first.
 */
timeline: Array<TimelineBucket>, 
/**
 * Share of observed time in which it was not unhealthy, 0 to 1, in the requested range.
 */
uptime: number | null, 
/**
 * Median duration in the requested range, in nanoseconds.
 */
median_duration: number | null, };
