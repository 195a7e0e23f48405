// Generated from the Rust types of the same name.
/**
 * The settings file as a whole.
 */
export type SettingsArguments = { 
/**
 * The new text.
 */
text: string, };
