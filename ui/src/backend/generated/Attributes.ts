// Generated from the Rust types of the same name.
import type { AttributeValue } from "./AttributeValue";

/**
 * Attributes by name, each name once, in name order.
 */
export type Attributes = { [key in string]: AttributeValue };
