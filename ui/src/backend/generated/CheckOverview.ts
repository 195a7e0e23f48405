// Generated from the Rust types of the same name.
import type { CheckResult } from "./CheckResult";
import type { HealthCheck } from "./HealthCheck";
import type { TimelineBucket } from "./TimelineBucket";
import type { Timestamp } from "./Timestamp";

/**
 * A check with what is known of it.
 */
export type CheckOverview = { 
/**
 * The check itself.
 */
check: HealthCheck, 
/**
 * What is looked at, for people.
 */
target: string, 
/**
 * Whether a password is kept for it.
 */
has_secret: boolean, 
/**
 * Its latest result; none before the first look.
 */
latest: CheckResult | null, 
/**
 * When it came into its present state.
 */
since: Timestamp | null, 
/**
 * The timeline of the range asked for, oldest first.
 */
timeline: Array<TimelineBucket>, 
/**
 * Share of observed time in which it was not unhealthy, 0 to 1, in the range asked for.
 */
uptime: number | null, 
/**
 * Median duration in the range asked for, in nanoseconds.
 */
median_duration: number | null, };
