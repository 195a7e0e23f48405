// Generated from the Rust types of the same name.
import type { ImportProgress } from "./ImportProgress";
import type { ImportRequest } from "./ImportRequest";
import type { ImportState } from "./ImportState";
import type { Timestamp } from "./Timestamp";

/**
 * An import of this run of the engine.
 */
export type ImportStatus = { 
/**
 * Its id.
 */
id: string, 
/**
 * Request.
 */
request: ImportRequest, 
/**
 * Start time.
 */
started: Timestamp, 
/**
 * State.
 */
state: ImportState, 
/**
 * Progress.
 */
progress: ImportProgress, 
/**
 * Error, empty without one.
 */
error: string, };
