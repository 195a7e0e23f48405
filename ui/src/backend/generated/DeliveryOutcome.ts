// Generated from the Rust types of the same name.
/**
 * The outcome of a notification.
 */
export type DeliveryOutcome = { "type": "delivered" } | { "type": "silenced" } | { "type": "failed", "reason": string };
