// Generated from the Rust types of the same name.
/**
 * Pauses or resumes collection.
 */
export type PauseArguments = { 
/**
 * True pauses, false resumes.
 */
paused: boolean, };
