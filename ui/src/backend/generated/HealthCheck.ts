// Generated from the Rust types of the same name.
import type { CheckKind } from "./CheckKind";

/**
 * A check: what to look at, how often, and when to call it unhealthy.
 */
export type HealthCheck = { 
/**
 * Stable name for machines; empty on a check that was never saved.
 */
id: string, 
/**
 * Name for people, unique.
 */
name: string, 
/**
 * Whether it is scheduled.
 */
enabled: boolean, 
/**
 * What to look at.
 */
kind: CheckKind, 
/**
 * Seconds between looks.
 */
interval_seconds: number, 
/**
 * Seconds after which a look has failed.
 */
timeout_seconds: number, 
/**
 * How many more looks must fail before the check is unhealthy.
 */
retries: number, 
/**
 * Seconds between those looks.
 */
retry_interval_seconds: number, 
/**
 * A slower answer than this many milliseconds is degraded.
 */
degraded_above_ms: number | null, 
/**
 * The service the check belongs to, to be shown with it.
 */
service: string | null, };
