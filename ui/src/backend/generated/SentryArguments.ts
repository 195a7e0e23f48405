// Generated from the Rust types of the same name.
/**
 * A Sentry installation to try or to add.
 */
export type SentryArguments = { 
/**
 * Name for people; an installation of the same name is replaced.
 */
name: string, 
/**
 * Its address.
 */
url: string, 
/**
 * Its token: none leaves the kept one.
 */
token: string | null, 
/**
 * Slugs of the organizations; every one the token may see if empty.
 */
organizations: Array<string>, 
/**
 * Slugs of the projects; every one the token may see if empty.
 */
projects: Array<string>, };
