// Generated from the Rust types of the same name.
/**
 * The access of a token to one feed.
 */
export type SentryFeedAccess = { 
/**
 * Feed, such as `issues`.
 */
feed: string, 
/**
 * True if the token can read it.
 */
available: boolean, 
/**
 * Reason why not, may be empty.
 */
message: string, 
/**
 * Scopes of which the token needs one.
 */
scopes: Array<string>, };
