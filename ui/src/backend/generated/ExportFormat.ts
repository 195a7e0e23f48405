// Generated from the Rust types of the same name.
/**
 * In what form telemetry is exported.
 */
export type ExportFormat = "csv" | "parquet";
