// Generated from the Rust types of the same name.
/**
 * Names one span within its trace: 8 bytes, not all zero.
 */
export type SpanId = string;
