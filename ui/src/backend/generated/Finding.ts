// Generated from the Rust types of the same name.
import type { FindingKind } from "./FindingKind";
import type { TimeRange } from "./TimeRange";
import type { Timestamp } from "./Timestamp";

/**
 * A finding with the figures that support it.
 */
export type Finding = { 
/**
 * Identifier. A finding that is detected again keeps it.
 */
id: string, 
/**
 * Kind.
 */
kind: FindingKind, 
/**
 * In a few words.
 */
title: string, 
/**
 * The figures, in one sentence.
 */
detail: string, 
/**
 * The service it is about, may be empty.
 */
service: string, 
/**
 * The metric it is about (or `rate`, `errors`, `duration` of a service).
 */
metric: string, 
/**
 * Labels of the series.
 */
labels: { [key in string]: string }, 
/**
 * Range in which it happened.
 */
range: TimeRange, 
/**
 * Time of the first detection.
 */
detected_at: Timestamp, 
/**
 * Strength in robust standard deviations or as a confidence. Larger is stronger.
 */
score: number, };
