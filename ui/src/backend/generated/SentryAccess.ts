// Generated from the Rust types of the same name.
import type { SentryFeedAccess } from "./SentryFeedAccess";
import type { SentryOrganization } from "./SentryOrganization";

/**
 * The access of a token to a Sentry installation.
 */
export type SentryAccess = { 
/**
 * True if the token can read at least one feed.
 */
usable: boolean, 
/**
 * Error of the whole access, may be empty.
 */
message: string, 
/**
 * Visible organizations.
 */
organizations: Array<SentryOrganization>, 
/**
 * Access by feed.
 */
feeds: Array<SentryFeedAccess>, 
/**
 * Scopes that the token lacks for some of it.
 */
missing_scopes: Array<string>, };
