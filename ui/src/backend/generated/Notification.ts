// Generated from the Rust types of the same name.
import type { DeliveryOutcome } from "./DeliveryOutcome";
import type { NotificationKind } from "./NotificationKind";
import type { Timestamp } from "./Timestamp";

/**
 * A notification with its outcome.
 */
export type Notification = { 
/**
 * Stable name.
 */
id: string, 
/**
 * When.
 */
time: Timestamp, 
/**
 * What it says.
 */
kind: NotificationKind, 
/**
 * The alert; none for tests.
 */
fingerprint: string | null, 
/**
 * The rule; none for tests.
 */
rule_id: string | null, 
/**
 * Title: what and where.
 */
title: string, 
/**
 * Body: value against threshold, since when.
 */
body: string, 
/**
 * Name of the channel, such as `desktop`; `none` for a notification that was only recorded.
 */
channel: string, 
/**
 * What became of it.
 */
outcome: DeliveryOutcome, 
/**
 * The action somebody chose on it, such as `acknowledge`.
 */
action: string | null, };
