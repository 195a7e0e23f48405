// Generated from the Rust types of the same name.
import type { SentryFeedAccess } from "./SentryFeedAccess";
import type { SentryOrganization } from "./SentryOrganization";

/**
 * What a token may see of a Sentry installation.
 */
export type SentryAccess = { 
/**
 * Whether anything can be collected with it.
 */
usable: boolean, 
/**
 * What is wrong as a whole, may be empty.
 */
message: string, 
/**
 * What it sees.
 */
organizations: Array<SentryOrganization>, 
/**
 * What can be asked for.
 */
feeds: Array<SentryFeedAccess>, 
/**
 * Scopes that the token lacks for some of it.
 */
missing_scopes: Array<string>, };
