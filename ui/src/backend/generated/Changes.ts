// Generated from the Rust types of the same name.
/**
 * The kinds of data that changed since the last message of the topic `changes`.
 */
export type Changes = { 
/**
 * Samples or histogram points were committed.
 */
samples: boolean, 
/**
 * Log records were committed.
 */
logs: boolean, 
/**
 * Spans were committed.
 */
spans: boolean, 
/**
 * Checks or their results changed.
 */
checks: boolean, 
/**
 * Alerts changed.
 */
alerts: boolean, 
/**
 * Notifications were sent.
 */
notifications: boolean, 
/**
 * Analysis stored findings.
 */
findings: boolean, 
/**
 * Rules changed.
 */
rules: boolean, 
/**
 * The observation ledger changed.
 */
gaps: boolean, 
/**
 * The text of the settings file changed, or the settings in force.
 */
settings: boolean, };
