// Generated from the Rust types of the same name.
import type { Attributes } from "./Attributes";
import type { Timestamp } from "./Timestamp";

/**
 * An event at one time in a span.
 */
export type SpanEvent = { 
/**
 * Time.
 */
time: Timestamp, 
/**
 * Name, such as `exception`.
 */
name: string, 
/**
 * Details.
 */
attributes: Attributes, };
