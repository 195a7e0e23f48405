// Generated from the Rust types of the same name.
import type { KindLimits } from "./KindLimits";

/**
 * Limits to try, one for each kind of data.
 */
export type RetentionArguments = { 
/**
 * The limits.
 */
limits: Array<KindLimits>, };
