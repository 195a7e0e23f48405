// Generated from the Rust types of the same name.
import type { HealthCheck } from "./HealthCheck";

/**
 * One check of a preset.
 */
export type PresetCheck = { 
/**
 * The check. If it exists, with the edits of the user.
 */
check: HealthCheck, 
/**
 * The target of the check, for people.
 */
target: string, 
/**
 * True if it exists.
 */
present: boolean, };
