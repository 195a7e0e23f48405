// Generated from the Rust types of the same name.
/**
 * The length of a mute of desktop notifications.
 */
export type MuteArguments = { 
/**
 * Minutes from now. None ends the mute.
 */
minutes: number | null, };
