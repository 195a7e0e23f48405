// Generated from the Rust types of the same name.
/**
 * The whole settings file.
 */
export type SettingsArguments = { 
/**
 * The new text.
 */
text: string, };
