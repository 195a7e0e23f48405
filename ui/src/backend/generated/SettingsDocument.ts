// Generated from the Rust types of the same name.
import type { JsonValue } from "./serde_json/JsonValue";

/**
 * The settings file.
 */
export type SettingsDocument = { 
/**
 * Where it lies.
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
 * What is wrong with the text; empty if nothing. The values are then those before.
 */
error: string, };
