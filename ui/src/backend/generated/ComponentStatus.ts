// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";

/**
 * The health of one component of the engine.
 */
export type ComponentStatus = { 
/**
 * Name, such as `host metrics` or `scrape http://…`.
 */
name: string, 
/**
 * State.
 */
state: HealthState, 
/**
 * Problem, may be empty.
 */
message: string, };
