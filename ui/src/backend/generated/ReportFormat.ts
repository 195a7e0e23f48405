// Generated from the Rust types of the same name.
/**
 * The format of a report or its data.
 */
export type ReportFormat = "html" | "csv" | "csv_raw" | "parquet";
