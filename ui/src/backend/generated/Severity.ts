// Generated from the Rust types of the same name.
/**
 * OpenTelemetry's severity number: 1 to 24, 0 where none was sent.
 */
export type Severity = number;
