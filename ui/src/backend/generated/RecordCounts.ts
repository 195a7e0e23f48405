// Generated from the Rust types of the same name.
/**
 * Records by signal.
 */
export type RecordCounts = { 
/**
 * Samples and histogram points.
 */
samples: number, 
/**
 * Log records.
 */
logs: number, 
/**
 * Spans.
 */
spans: number, };
