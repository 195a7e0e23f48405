// Generated from the Rust types of the same name.
/**
 * An organization of a Sentry installation with its projects.
 */
export type SentryOrganization = { 
/**
 * Its slug.
 */
slug: string, 
/**
 * Slugs of its projects.
 */
projects: Array<string>, };
