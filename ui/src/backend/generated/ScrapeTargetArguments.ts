// Generated from the Rust types of the same name.
/**
 * A Prometheus target to scrape.
 */
export type ScrapeTargetArguments = { 
/**
 * Address of its metrics endpoint.
 */
url: string, 
/**
 * Display name and value of the label `job`.
 */
name: string, };
