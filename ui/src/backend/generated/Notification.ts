// Generated from the Rust types of the same name.
import type { DeliveryOutcome } from "./DeliveryOutcome";
import type { NotificationKind } from "./NotificationKind";
import type { Timestamp } from "./Timestamp";

/**
 * A notification with its outcome.
 */
export type Notification = { 
/**
 * Identifier.
 */
id: string, 
/**
 * Time.
 */
time: Timestamp, 
/**
 * Reported event.
 */
kind: NotificationKind, 
/**
 * The alert. None for tests and confirmations, and for several alerts.
 */
fingerprint: string | null, 
/**
 * The alerts of one evaluation of the rule, if it reports several; else empty.
 */
grouped: Array<string>, 
/**
 * The rule. None for tests and confirmations.
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
 * Outcome.
 */
outcome: DeliveryOutcome, 
/**
 * Action that the user chose, such as `acknowledge`.
 */
action: string | null, };
