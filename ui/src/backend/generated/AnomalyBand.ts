// Generated from the Rust types of the same name.
import type { AnomalyInterval } from "./AnomalyInterval";
import type { Timestamp } from "./Timestamp";

/**
 * The expected band of a series and the anomalies outside it.
 */
export type AnomalyBand = { 
/**
 * Times of the points.
 */
times: Array<Timestamp>, 
/**
 * The values; null where there were none.
 */
values: Array<number | null>, 
/**
 * The expected values.
 */
expected: Array<number | null>, 
/**
 * Lower edge of the band.
 */
lower: Array<number | null>, 
/**
 * Upper edge of the band.
 */
upper: Array<number | null>, 
/**
 * Anomalies outside the band, strongest first.
 */
anomalies: Array<AnomalyInterval>, 
/**
 * Length of the season found, in nanoseconds; none if no season is plain.
 */
season: number | null, };
