// Generated from the Rust types of the same name.
import type { ExportFormat } from "./ExportFormat";
import type { ExportSignal } from "./ExportSignal";
import type { TimeRange } from "./TimeRange";

/**
 * Telemetry of a range as one file.
 */
export type ExportRequest = { 
/**
 * What is exported.
 */
signal: ExportSignal, 
/**
 * From when to when.
 */
range: TimeRange, 
/**
 * CSV or Parquet.
 */
format: ExportFormat, };
