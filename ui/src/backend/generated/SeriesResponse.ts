// Generated from the Rust types of the same name.
import type { Gap } from "./Gap";
import type { SeriesPoints } from "./SeriesPoints";

/**
 * The series of a chart.
 */
export type SeriesResponse = { 
/**
 * Unit of the values, may be empty.
 */
unit: string, 
/**
 * Length of a step, in nanoseconds.
 */
step: number, 
/**
 * The groups, largest first.
 */
series: Array<SeriesPoints>, 
/**
 * Total number of groups.
 */
total_series: number, 
/**
 * Ranges in which Binnacle could not observe.
 */
gaps: Array<Gap>, };
