// Generated from the Rust types of the same name.
/**
 * Settings of a rule on log records.
 */
export type LogsSource = { 
/**
 * The search, in the language of the Logs view.
 */
query: string, 
/**
 * True if each service has a separate value.
 */
by_service: boolean, 
/**
 * Length of the window that is counted, in seconds.
 */
window_seconds: number, };
