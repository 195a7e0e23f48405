// Generated from the Rust types of the same name.
import type { ExportRequest } from "./ExportRequest";

/**
 * Telemetry as a file.
 */
export type ExportArguments = { 
/**
 * The data to export.
 */
request: ExportRequest, };
