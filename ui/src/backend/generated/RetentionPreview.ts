// Generated from the Rust types of the same name.
import type { DataGrowth } from "./DataGrowth";
import type { DroppedData } from "./DroppedData";
import type { RetentionLimits } from "./RetentionLimits";
import type { StoredData } from "./StoredData";
import type { Timestamp } from "./Timestamp";

/**
 * The result of the next retention pass, before it runs.
 */
export type RetentionPreview = { 
/**
 * Time of the computation.
 */
at: Timestamp, 
/**
 * Limits of the computation.
 */
limits: Array<RetentionLimits>, 
/**
 * Stored data by kind and service, the largest first.
 */
stored: Array<StoredData>, 
/**
 * Growth by kind.
 */
growth: Array<DataGrowth>, 
/**
 * Data to delete.
 */
dropped: Array<DroppedData>, };
