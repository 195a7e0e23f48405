// Generated from the Rust types of the same name.
import type { AlertState } from "./AlertState";

/**
 * The number of alerts by state.
 */
export type AlertCounts = { 
/**
 * Firing alerts.
 */
firing: number, 
/**
 * Firing alerts that a user acknowledged.
 */
acknowledged: number, 
/**
 * Pending alerts.
 */
pending: number, 
/**
 * The worst state.
 */
worst: AlertState, };
