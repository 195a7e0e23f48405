// Generated from the Rust types of the same name.
import type { Timestamp } from "./Timestamp";

/**
 * Values of one label set over time.
 */
export type SeriesPoints = { 
/**
 * Labels that identify it.
 */
labels: { [key in string]: string }, 
/**
 * Starts of the steps that have a value, ascending.
 */
times: Array<Timestamp>, 
/**
 * The value of each. In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers, too.
 */
values: Array<number | string>, };
