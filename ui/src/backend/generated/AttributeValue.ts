// Generated from the Rust types of the same name.
/**
 * The value of one attribute. Byte strings are stored as base64 text and numbers that JSON cannot
 * hold (not a number, infinite) as text.
 */
export type AttributeValue = null | boolean | number | number | string | Array<AttributeValue> | { [key in string]: AttributeValue };
