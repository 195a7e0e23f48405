// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * A stretch in which a check was not healthy.
 */
export type Incident = { 
/**
 * Stable name.
 */
id: string, 
/**
 * The check.
 */
check_id: string, 
/**
 * First bad result.
 */
started: Timestamp, 
/**
 * First healthy result after it; none while it lasts.
 */
ended: Timestamp | null, 
/**
 * The worst state in it.
 */
worst: HealthState, 
/**
 * The message of the first bad result.
 */
message: string, };
