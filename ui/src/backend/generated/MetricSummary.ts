// Generated from the Rust types of the same name.
import type { Aggregation } from "./Aggregation";
import type { MetricKind } from "./MetricKind";
import type { Temporality } from "./Temporality";

/**
 * One metric of the catalog.
 */
export type MetricSummary = { 
/**
 * Name.
 */
name: string, 
/**
 * Kind.
 */
kind: MetricKind, 
/**
 * Unit, may be empty.
 */
unit: string, 
/**
 * Temporality.
 */
temporality: Temporality, 
/**
 * For people, may be empty.
 */
description: string, 
/**
 * Number of series.
 */
series: number, 
/**
 * Services that send it, at most 20.
 */
services: Array<string>, 
/**
 * Aggregation that shows most of it.
 */
suggested: Aggregation, };
