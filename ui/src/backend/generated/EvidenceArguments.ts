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
 * When it fired; the latest firing if none.
 */
fired_at: Timestamp | null, };
