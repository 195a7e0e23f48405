// Generated from the Rust types of the same name.
import type { Alert } from "./Alert";
import type { AlertRule } from "./AlertRule";
import type { AlertState } from "./AlertState";
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * A rule with its current state.
 */
export type RuleOverview = { 
/**
 * The rule.
 */
rule: AlertRule, 
/**
 * Its pending and firing alerts.
 */
active: Array<Alert>, 
/**
 * The worst state of these alerts.
 */
state: AlertState, 
/**
 * Health of the rule's evaluation; unhealthy while it fails.
 */
health: HealthState, 
/**
 * The last error of its evaluation, may be empty.
 */
error: string, 
/**
 * Time of its last evaluation.
 */
evaluated_at: Timestamp | null, 
/**
 * The rule in one sentence.
 */
description: string, };
