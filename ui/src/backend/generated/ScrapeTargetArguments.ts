// Generated from the Rust types of the same name.
/**
 * A Prometheus target to scrape.
 */
export type ScrapeTargetArguments = { 
/**
 * Address of its metrics page.
 */
url: string, 
/**
 * Name for people and for the label `job`.
 */
name: string, };
