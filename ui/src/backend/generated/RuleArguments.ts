// Generated from the Rust types of the same name.
import type { AlertRule } from "./AlertRule";

/**
 * A rule to save.
 */
export type RuleArguments = { 
/**
 * The rule. An empty id creates a new one.
 */
rule: AlertRule, };
