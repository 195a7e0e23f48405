// Generated from the Rust types of the same name.
import type { KindLimits } from "./KindLimits";

/**
 * Retention limits to preview, one per kind of data.
 */
export type RetentionArguments = { 
/**
 * The limits.
 */
limits: Array<KindLimits>, };
