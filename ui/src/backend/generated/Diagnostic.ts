// Generated from the Rust types of the same name.
import type { AlertSeverity } from "./AlertSeverity";
import type { Timestamp } from "./Timestamp";

/**
 * A problem around Binnacle that the user should act on.
 */
export type Diagnostic = { 
/**
 * Identifier, the same for the same problem.
 */
id: string, 
/**
 * Severity.
 */
severity: AlertSeverity, 
/**
 * Problem in a few words.
 */
title: string, 
/**
 * Consequence and remedy, in a sentence or two.
 */
detail: string, 
/**
 * Start time.
 */
since: Timestamp, };
