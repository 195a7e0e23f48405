// Generated from the Rust types of the same name.
import type { AnomalyBand } from "./AnomalyBand";
import type { Gap } from "./Gap";
import type { Trend } from "./Trend";

/**
 * Trend and band of one target.
 */
export type AnalysisResponse = { 
/**
 * Unit of the values, may be empty.
 */
unit: string, 
/**
 * The trend; none with fewer than ten points.
 */
trend: Trend | null, 
/**
 * The expected band and the values outside it.
 */
band: AnomalyBand, 
/**
 * When Binnacle could not observe.
 */
gaps: Array<Gap>, };
