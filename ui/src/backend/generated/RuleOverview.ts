// Generated from the Rust types of the same name.
import type { Alert } from "./Alert";
import type { AlertRule } from "./AlertRule";
import type { AlertState } from "./AlertState";
import type { HealthState } from "./HealthState";
import type { Timestamp } from "./Timestamp";

/**
 * A rule with where it stands.
 */
export type RuleOverview = { 
/**
 * The rule itself.
 */
rule: AlertRule, 
/**
 * Its alerts that are pending or firing.
 */
active: Array<Alert>, 
/**
 * The worst of their states.
 */
state: AlertState, 
/**
 * How its own health is: unhealthy when evaluation fails.
 */
health: HealthState, 
/**
 * Why evaluation fails, may be empty.
 */
error: string, 
/**
 * When it was last evaluated.
 */
evaluated_at: Timestamp | null, 
/**
 * The rule in one sentence.
 */
sentence: string, };
