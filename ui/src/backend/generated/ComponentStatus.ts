// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";

/**
 * The state of one part of the engine.
 */
export type ComponentStatus = { 
/**
 * Which part, such as `host metrics` or `scrape http://…`.
 */
name: string, 
/**
 * How it is.
 */
state: HealthState, 
/**
 * What is wrong, may be empty.
 */
message: string, };
