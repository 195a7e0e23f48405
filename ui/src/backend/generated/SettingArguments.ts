// Generated from the Rust types of the same name.
import type { JsonValue } from "./serde_json/JsonValue";

/**
 * One setting.
 */
export type SettingArguments = { 
/**
 * Its dotted name, such as `host.interval_seconds`.
 */
key: string, 
/**
 * The new value.
 */
value: JsonValue, };
