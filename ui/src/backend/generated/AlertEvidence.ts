// Generated from the Rust types of the same name.
import type { LogLine } from "./LogLine";
import type { SeriesPoints } from "./SeriesPoints";
import type { TimeRange } from "./TimeRange";
import type { Timestamp } from "./Timestamp";
import type { TraceSummary } from "./TraceSummary";

/**
 * Telemetry captured when an alert fired, retained beyond the retention limits.
 */
export type AlertEvidence = { 
/**
 * The alert.
 */
fingerprint: string, 
/**
 * Time at which it fired.
 */
fired_at: Timestamp, 
/**
 * Captured range.
 */
range: TimeRange, 
/**
 * Values of the rule's source.
 */
series: Array<SeriesPoints>, 
/**
 * Log records of the range, newest first.
 */
logs: Array<LogLine>, 
/**
 * Slow or failed traces of the range.
 */
traces: Array<TraceSummary>, };
