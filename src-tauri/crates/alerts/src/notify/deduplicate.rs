//! The deduplicate stage: decides which notification of an alert is due. Pure.

use model::{Alert, AlertState, DeliveryOutcome, NANOS_PER_SECOND, NotificationKind, Timestamp};

use crate::notify::{log::NotificationRecord, send};

/// Age from which a resolved alert is no longer notified, in nanoseconds.
const MAX_RESOLVED_AGE: i64 = 3600 * NANOS_PER_SECOND;

/// Returns the notification that is due for an alert.
///
/// - A firing is notified once. A silenced one is notified when no silence covers it any more, a
///   failed one is retried while the alert fires.
/// - The end of a firing is notified once, unless its firing notification failed.
pub(crate) fn due(
    alert: &Alert,
    record: Option<&NotificationRecord>,
    silenced: bool,
    now: Timestamp,
) -> Option<NotificationKind> {
    alert.fired_at?;
    match (alert.state, record) {
        (AlertState::Firing, None) => Some(NotificationKind::Firing),
        (AlertState::Firing, Some(record)) => match record.firing {
            DeliveryOutcome::Delivered => None,
            DeliveryOutcome::Silenced => (!silenced).then_some(NotificationKind::Firing),
            DeliveryOutcome::Failed(_) => send::retry_due(record, now).then_some(NotificationKind::Firing),
        },
        (_, Some(record)) => {
            // After the clock was set back the end may be before the start.
            let recent = |at: &Timestamp| now.since(*at) < MAX_RESOLVED_AGE;
            let failed = matches!(record.firing, DeliveryOutcome::Failed(_));
            let ended = alert.resolved_at.filter(recent).is_some();
            (ended && !failed && !record.resolved).then_some(NotificationKind::Resolved)
        }
        (_, None) => None,
    }
}

/// Returns whether a due notification is suppressed: the end of a firing that was silenced.
pub(crate) fn suppressed(kind: NotificationKind, record: Option<&NotificationRecord>) -> bool {
    kind == NotificationKind::Resolved
        && record.is_some_and(|record| record.firing == DeliveryOutcome::Silenced)
}
