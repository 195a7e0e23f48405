// Generated from the Rust types of the same name.
/**
 * Whether something can be asked for with a token.
 */
export type SentryFeedAccess = { 
/**
 * What, such as `issues`.
 */
feed: string, 
/**
 * Whether it can be.
 */
available: boolean, 
/**
 * Why not, may be empty.
 */
message: string, 
/**
 * Scopes of which the token needs one.
 */
scopes: Array<string>, };
