// Generated from the Rust types of the same name.
/**
 * A file to import.
 */
export type ImportRequest = { 
/**
 * Path on the machine that the engine runs on: Prometheus text, OpenMetrics, CSV or Parquet.
 */
path: string, 
/**
 * The service of samples that name none.
 */
service: string | null, 
/**
 * Whether the file is only read and nothing kept.
 */
dry_run: boolean, };
