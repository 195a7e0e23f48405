// Generated from the Rust types of the same name.
/**
 * Where the parts of a self-hosted Sentry are.
 */
export type SentryPresetRequest = { 
/**
 * Name of the installation; the checks belong to it as a group.
 */
name: string, 
/**
 * `http://` or `https://` address of its web page.
 */
url: string, 
/**
 * Host name or address under which its other parts can be reached.
 */
host: string, 
/**
 * Address and port that StatsD metrics are sent to, as the containers see it; empty leaves StatsD out.
 */
statsd: string, };
