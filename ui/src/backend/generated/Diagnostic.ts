// Generated from the Rust types of the same name.
import type { AlertSeverity } from "./AlertSeverity";
import type { Timestamp } from "./Timestamp";

/**
 * Something that is wrong around Binnacle and that somebody should act on, as long as it lasts.
 */
export type Diagnostic = { 
/**
 * The same for the same matter.
 */
id: string, 
/**
 * How much it matters.
 */
severity: AlertSeverity, 
/**
 * What is wrong, in a few words.
 */
title: string, 
/**
 * What it means and what can be done, in a sentence or two.
 */
detail: string, 
/**
 * Since when.
 */
since: Timestamp, };
