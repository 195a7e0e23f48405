// Generated from the Rust types of the same name.
import type { Attributes } from "./Attributes";
import type { Timestamp } from "./Timestamp";

/**
 * Something that happened at one moment of a span.
 */
export type SpanEvent = { 
/**
 * When.
 */
time: Timestamp, 
/**
 * What, such as `exception`.
 */
name: string, 
/**
 * Details.
 */
attributes: Attributes, };
