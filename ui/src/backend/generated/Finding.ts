// Generated from the Rust types of the same name.
import type { FindingKind } from "./FindingKind";
import type { TimeRange } from "./TimeRange";
import type { Timestamp } from "./Timestamp";

/**
 * Something analysis noticed, with what it rests on.
 */
export type Finding = { 
/**
 * Stable name; the same finding seen again keeps it.
 */
id: string, 
/**
 * What kind.
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
 * When it happened.
 */
range: TimeRange, 
/**
 * When it was noticed (first).
 */
detected_at: Timestamp, 
/**
 * How far out of the ordinary, in robust standard deviations or as a confidence; larger is stronger.
 */
score: number, };
