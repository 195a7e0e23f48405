// Generated from the Rust types of the same name.
import type { PresetCheck } from "./PresetCheck";
import type { PresetSnippet } from "./PresetSnippet";

/**
 * The checks and snippets for a self-hosted Sentry.
 */
export type SentryPreset = { 
/**
 * The checks.
 */
checks: Array<PresetCheck>, 
/**
 * Snippets for the installation's configuration files.
 */
snippets: Array<PresetSnippet>, };
