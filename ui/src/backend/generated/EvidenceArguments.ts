// Generated from the Rust types of the same name.
import type { Timestamp } from "./Timestamp";

/**
 * One firing of an alert.
 */
export type EvidenceArguments = { 
/**
 * The alert.
 */
fingerprint: string, 
/**
 * Time it fired. None stands for the latest firing.
 */
fired_at: Timestamp | null, };
