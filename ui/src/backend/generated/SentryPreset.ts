// Generated from the Rust types of the same name.
import type { PresetCheck } from "./PresetCheck";
import type { PresetSnippet } from "./PresetSnippet";

/**
 * What adding a self-hosted Sentry would do, or did.
 */
export type SentryPreset = { 
/**
 * The checks.
 */
checks: Array<PresetCheck>, 
/**
 * What to write into the installation's own files.
 */
snippets: Array<PresetSnippet>, };
