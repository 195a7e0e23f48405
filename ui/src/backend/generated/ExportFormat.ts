// Generated from the Rust types of the same name.
/**
 * The format of an export.
 */
export type ExportFormat = "csv" | "csv_raw" | "parquet";
