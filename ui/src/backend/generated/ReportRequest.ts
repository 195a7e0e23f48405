// Generated from the Rust types of the same name.
import type { TimeRange } from "./TimeRange";

/**
 * A request for a performance report.
 */
export type ReportRequest = { 
/**
 * Title.
 */
title: string, 
/**
 * Range.
 */
range: TimeRange, 
/**
 * Services in it; every service if empty.
 */
services: Array<string>, 
/**
 * Minutes east of UTC for the times in the document.
 */
utc_offset_minutes: number, };
