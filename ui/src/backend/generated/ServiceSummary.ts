// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * One service in figures. Requests are its server and consumer spans, or its root spans if it has
 * none of those.
 */
export type ServiceSummary = { 
/**
 * Name.
 */
service: string, 
/**
 * Its state: from its errors, its alerts and its checks.
 */
state: HealthState, 
/**
 * Reason why it is not healthy, may be empty.
 */
reason: string, 
/**
 * Requests per second.
 */
rate: number, 
/**
 * Share of requests that failed, 0 to 1.
 */
error_ratio: number, 
/**
 * Median duration in nanoseconds.
 */
p50: number | null, 
/**
 * 95th percentile.
 */
p95: number | null, 
/**
 * 99th percentile.
 */
p99: number | null, 
/**
 * 95th percentile of the duration over the range, in nanoseconds; null where there were no
 * requests.
 */
spark: Array<number | null>, 
/**
 * Time of its latest span.
 */
last_seen: Timestamp, };
