// Generated from the Rust types of the same name.
import type { DataGrowth } from "./DataGrowth";
import type { DroppedData } from "./DroppedData";
import type { RetentionLimits } from "./RetentionLimits";
import type { StoredData } from "./StoredData";
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
limits: Array<RetentionLimits>, 
/**
 * What is there now, by kind and service, the largest first.
 */
stored: Array<StoredData>, 
/**
 * How fast each kind grows.
 */
growth: Array<DataGrowth>, 
/**
 * What would go.
 */
dropped: Array<DroppedData>, };
