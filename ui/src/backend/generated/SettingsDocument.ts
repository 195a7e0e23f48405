// Generated from the Rust types of the same name.
import type { JsonValue } from "./serde_json/JsonValue";

/**
 * The settings file.
 */
export type SettingsDocument = { 
/**
 * Its path.
 */
path: string, 
/**
 * Its text.
 */
text: string, 
/**
 * The values in force, by section.
 */
values: JsonValue, 
/**
 * The error in the text, empty if none. With an error, `values` are the previous ones.
 */
error: string, };
