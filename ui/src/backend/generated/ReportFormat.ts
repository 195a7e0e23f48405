// Generated from the Rust types of the same name.
/**
 * In what form a report or its data are written.
 */
export type ReportFormat = "html" | "csv" | "parquet";
