// Generated from the Rust types of the same name.
import type { CheckKind } from "./CheckKind";

/**
 * A health check: a probe, its schedule and its thresholds.
 */
export type HealthCheck = { 
/**
 * Identifier, empty until the check is saved.
 */
id: string, 
/**
 * Display name, unique.
 */
name: string, 
/**
 * Enables the schedule.
 */
enabled: boolean, 
/**
 * Probe.
 */
kind: CheckKind, 
/**
 * Seconds between runs.
 */
interval_seconds: number, 
/**
 * Timeout of an attempt in seconds.
 */
timeout_seconds: number, 
/**
 * Further attempts that must fail before the check is unhealthy.
 */
retries: number, 
/**
 * Seconds between those attempts.
 */
retry_interval_seconds: number, 
/**
 * Milliseconds above which a response is degraded.
 */
degraded_above_ms: number | null, 
/**
 * Service that the check belongs to.
 */
service: string | null, };
