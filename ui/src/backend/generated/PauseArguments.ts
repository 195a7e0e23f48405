// Generated from the Rust types of the same name.
/**
 * Whether collecting is paused.
 */
export type PauseArguments = { 
/**
 * Paused or not.
 */
paused: boolean, };
