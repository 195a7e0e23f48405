// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * How did one service fare over time?
 */
export type ServiceRequest = { 
/**
 * The service.
 */
service: string, 
/**
 * One operation only.
 */
operation: string | null, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * At most this many steps.
 */
max_points: number, };
