// Generated from the Rust types of the same name.
import type { ReportFormat } from "./ReportFormat";
import type { ReportRequest } from "./ReportRequest";

/**
 * A report in a form.
 */
export type ReportArguments = { 
/**
 * The report.
 */
request: ReportRequest, 
/**
 * The form.
 */
format: ReportFormat, };
