// Generated from the Rust types of the same name.
import type { AlertState } from "./AlertState";

/**
 * How many alerts stand where.
 */
export type AlertCounts = { 
/**
 * How many fire.
 */
firing: number, 
/**
 * How many are pending.
 */
pending: number, 
/**
 * The worst state.
 */
worst: AlertState, };
