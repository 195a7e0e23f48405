// Generated from the Rust types of the same name.
import type { HealthCheck } from "./HealthCheck";

/**
 * A check to save or try.
 */
export type CheckArguments = { 
/**
 * The check; an empty id makes a new one.
 */
check: HealthCheck, 
/**
 * Its password: none leaves the kept one, empty text removes it.
 */
secret: string | null, };
