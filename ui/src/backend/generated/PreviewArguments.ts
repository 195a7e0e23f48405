// Generated from the Rust types of the same name.
import type { AlertRule } from "./AlertRule";
import type { TimeRange } from "./TimeRange";

/**
 * A rule to try on the past.
 */
export type PreviewArguments = { 
/**
 * The rule as edited.
 */
rule: AlertRule, 
/**
 * From when to when.
 */
range: TimeRange, };
