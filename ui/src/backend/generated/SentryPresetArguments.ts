// Generated from the Rust types of the same name.
import type { SentryPresetRequest } from "./SentryPresetRequest";

/**
 * The checks of a self-hosted Sentry to add.
 */
export type SentryPresetArguments = { 
/**
 * Where it is.
 */
request: SentryPresetRequest, 
/**
 * The ids of the checks; all if none.
 */
checks: Array<string> | null, };
