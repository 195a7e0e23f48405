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
 * What was asked for.
 */
request: ImportRequest, 
/**
 * When it began.
 */
started: Timestamp, 
/**
 * What becomes of it.
 */
state: ImportState, 
/**
 * How far it is.
 */
progress: ImportProgress, 
/**
 * Why it was given up; empty if it was not.
 */
error: string, };
