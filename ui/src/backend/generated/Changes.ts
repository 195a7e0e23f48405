// Generated from the Rust types of the same name.
/**
 * What changed since the last message of the topic `changes`.
 */
export type Changes = { 
/**
 * Samples or histogram points came in.
 */
samples: boolean, 
/**
 * Log records came in.
 */
logs: boolean, 
/**
 * Spans came in.
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
 * Something was told.
 */
notifications: boolean, 
/**
 * Analysis noticed something.
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
 * The text of the settings file, or what is in force of it, changed.
 */
settings: boolean, };
