// Generated from the Rust types of the same name.
/**
 * Names one trace: 16 bytes, not all zero.
 */
export type TraceId = string;
