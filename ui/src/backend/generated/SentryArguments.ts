// Generated from the Rust types of the same name.
/**
 * A Sentry installation to test or to add.
 */
export type SentryArguments = { 
/**
 * Display name. An installation of the same name is replaced.
 */
name: string, 
/**
 * Its address.
 */
url: string, 
/**
 * Its token. None retains the stored one.
 */
token: string | null, 
/**
 * Slugs of the organizations. Empty stands for all the token has access to.
 */
organizations: Array<string>, 
/**
 * Slugs of the projects. Empty stands for all the token has access to.
 */
projects: Array<string>, };
