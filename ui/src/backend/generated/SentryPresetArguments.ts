// Generated from the Rust types of the same name.
import type { SentryPresetRequest } from "./SentryPresetRequest";

/**
 * The checks of a self-hosted Sentry to add.
 */
export type SentryPresetArguments = { 
/**
 * Its address.
 */
request: SentryPresetRequest, 
/**
 * The ids of the checks. None stands for all.
 */
checks: Array<string> | null, };
