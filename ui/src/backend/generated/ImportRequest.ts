// Generated from the Rust types of the same name.
/**
 * A file to import.
 */
export type ImportRequest = { 
/**
 * Path on the machine that the engine runs on: Prometheus text, OpenMetrics, CSV or Parquet.
 * In the status of an import of an uploaded file: the name of the file.
 */
path: string, 
/**
 * The service of samples that name none.
 */
service: string | null, 
/**
 * Reads the file without storing anything.
 */
dry_run: boolean, };
