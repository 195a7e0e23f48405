// Generated from the Rust types of the same name.
import type { HealthCheck } from "./HealthCheck";

/**
 * One check of a preset.
 */
export type PresetCheck = { 
/**
 * The check; as it is now if it is there, with whatever was edited.
 */
check: HealthCheck, 
/**
 * The target of the check, for people.
 */
target: string, 
/**
 * Whether it is there already.
 */
present: boolean, };
