//! The send stage: delivers a notification, and schedules retries of failed ones.

use model::{
    AlertSeverity, DeliveryOutcome, NANOS_PER_SECOND, Notification, NotificationKind, Timestamp,
    visible_block, visible_line,
};

use crate::{
    Channel,
    NotificationAction::{self, Acknowledge, Open, SilenceHour},
    notify::log::NotificationRecord,
};

/// Seconds before each further attempt to send a firing notification.
const RETRY_DELAY_SECONDS: [i64; 5] = [5, 15, 60, 300, 900];

/// Returns whether a failed notification is due for another attempt.
pub(crate) fn retry_due(record: &NotificationRecord, now: Timestamp) -> bool {
    RETRY_DELAY_SECONDS
        .get(record.attempts.saturating_sub(1))
        .is_some_and(|delay| now.since(record.last) >= delay * NANOS_PER_SECOND)
}

/// Returns the actions offered on a notification.
fn actions(kind: NotificationKind) -> &'static [NotificationAction] {
    match kind {
        NotificationKind::Firing => &[Acknowledge, SilenceHour, Open],
        NotificationKind::Resolved => &[Open],
        NotificationKind::Test | NotificationKind::Confirmation => &[],
    }
}

/// Sends a notification through a channel, with hidden characters made visible; without a channel
/// it counts as delivered.
pub(crate) async fn send(
    channel: Option<&dyn Channel>,
    notification: &Notification,
    severity: AlertSeverity,
) -> DeliveryOutcome {
    send_with(channel, notification, severity, actions(notification.kind)).await
}

/// Sends a notification with these actions.
pub(crate) async fn send_with(
    channel: Option<&dyn Channel>,
    notification: &Notification,
    severity: AlertSeverity,
    actions: &[NotificationAction],
) -> DeliveryOutcome {
    let Some(channel) = channel else { return DeliveryOutcome::Delivered };
    let shown = Notification {
        title: visible_line(&notification.title).into_owned(),
        body: visible_block(&notification.body).into_owned(),
        ..notification.clone()
    };
    match channel.send(&shown, severity, actions).await {
        Ok(()) => DeliveryOutcome::Delivered,
        Err(reason) => DeliveryOutcome::Failed(reason),
    }
}
