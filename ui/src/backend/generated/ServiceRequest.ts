// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A request for one service over time.
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
 * Range.
 */
range: TimeRange, 
/**
 * At most this many steps.
 */
max_points: number, };
