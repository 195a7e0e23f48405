// Generated from the Rust types of the same name.
import type { LogLine } from "./LogLine";
import type { SeriesPoints } from "./SeriesPoints";
import type { TimeRange } from "./TimeRange";
import type { Timestamp } from "./Timestamp";
import type { TraceSummary } from "./TraceSummary";

/**
 * What stood behind a firing, kept with it even after retention took the data.
 */
export type AlertEvidence = { 
/**
 * The alert.
 */
fingerprint: string, 
/**
 * When it fired.
 */
fired_at: Timestamp, 
/**
 * The stretch the evidence is from.
 */
range: TimeRange, 
/**
 * The watched values.
 */
series: Array<SeriesPoints>, 
/**
 * Log records of that stretch, newest first.
 */
logs: Array<LogLine>, 
/**
 * Slow or failed traces of that stretch.
 */
traces: Array<TraceSummary>, };
