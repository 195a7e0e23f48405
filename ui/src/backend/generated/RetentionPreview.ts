// Generated from the Rust types of the same name.
import type { DroppedData } from "./DroppedData";
import type { KeptData } from "./KeptData";
import type { KindGrowth } from "./KindGrowth";
import type { KindLimits } from "./KindLimits";
import type { Timestamp } from "./Timestamp";

/**
 * What the next pass of retention would take.
 */
export type RetentionPreview = { 
/**
 * When this was found out.
 */
at: Timestamp, 
/**
 * The limits it was found out with.
 */
limits: Array<KindLimits>, 
/**
 * What is there now, by kind and service, the largest first.
 */
kept: Array<KeptData>, 
/**
 * How fast each kind grows.
 */
growth: Array<KindGrowth>, 
/**
 * What would go.
 */
dropped: Array<DroppedData>, };
