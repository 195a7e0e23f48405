// Generated from the Rust types of the same name.
import type { ExportFormat } from "./ExportFormat";
import type { ExportSignal } from "./ExportSignal";
import type { TimeRange } from "./TimeRange";

/**
 * A request for the telemetry of a range as one file.
 */
export type ExportRequest = { 
/**
 * Exported signal.
 */
signal: ExportSignal, 
/**
 * Range.
 */
range: TimeRange, 
/**
 * The file format.
 */
format: ExportFormat, };
