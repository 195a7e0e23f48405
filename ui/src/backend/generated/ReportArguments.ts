// Generated from the Rust types of the same name.
import type { ReportFormat } from "./ReportFormat";
import type { ReportRequest } from "./ReportRequest";

/**
 * A report in a file format.
 */
export type ReportArguments = { 
/**
 * The report.
 */
request: ReportRequest, 
/**
 * The file format.
 */
format: ReportFormat, };
