// Generated from the Rust types of the same name.
import type { HealthCheck } from "./HealthCheck";

/**
 * A check to save or to test.
 */
export type CheckArguments = { 
/**
 * The check. An empty id creates a new one.
 */
check: HealthCheck, 
/**
 * Its password. None retains the stored one, empty text removes it.
 */
secret: string | null, 
/**
 * Has it notify when it becomes unhealthy, or not. None changes nothing.
 */
notify: boolean | null, };
