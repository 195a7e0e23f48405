// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * An interval in which a check was not healthy.
 */
export type Incident = { 
/**
 * Identifier.
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
 * First healthy result after it. None while it is ongoing.
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
