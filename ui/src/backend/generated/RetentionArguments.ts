// Generated from the Rust types of the same name.
import type { RetentionLimits } from "./RetentionLimits";

/**
 * Retention limits to preview, one per kind of data.
 */
export type RetentionArguments = { 
/**
 * The limits.
 */
limits: Array<RetentionLimits>, };
