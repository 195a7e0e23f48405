// Generated from the Rust types of the same name.
/**
 * A request for the preset of a self-hosted Sentry.
 */
export type SentryPresetRequest = { 
/**
 * Name of the installation and group of the checks.
 */
name: string, 
/**
 * `http://` or `https://` address of its web page.
 */
url: string, 
/**
 * Host name or address of its other services.
 */
host: string, 
/**
 * Address and port for StatsD metrics, as the containers see it. Empty for no StatsD.
 */
statsd: string, };
