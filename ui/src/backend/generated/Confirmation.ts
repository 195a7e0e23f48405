// Generated from the Rust types of the same name.
import type { Timestamp } from "./Timestamp";

/**
 * A change that a browser requested and that waits for a confirmation on this machine.
 */
export type Confirmation = { 
/**
 * Six digits.
 */
id: string, 
/**
 * The effects of the change in plain words. Control characters are visible.
 */
effects: Array<string>, 
/**
 * The session that requested it.
 */
requested_by: string, 
/**
 * Time at which it is refused without an answer.
 */
expires_at: Timestamp, };
