//! The notification log: the notifications of the latest firing of each alert. Pure.

use std::collections::HashMap;

use model::{Alert, DeliveryOutcome, Notification, NotificationKind, Timestamp};

/// The notifications of one firing of an alert.
#[derive(Debug, Clone)]
pub(crate) struct NotificationRecord {
    pub(crate) fired_at: Timestamp,
    /// Outcome of the last firing notification.
    pub(crate) firing: DeliveryOutcome,
    /// Number of firing notifications, failed ones included.
    pub(crate) attempts: usize,
    /// Time of the last attempt.
    pub(crate) last: Timestamp,
    /// True if the resolved notification was sent or suppressed.
    pub(crate) resolved: bool,
}

/// The notification records of the latest firings, by fingerprint.
#[derive(Debug, Default)]
pub(crate) struct NotificationLog {
    records: HashMap<String, NotificationRecord>,
}

impl NotificationLog {
    /// Rebuilds the log from stored notifications.
    pub(crate) fn restore(alerts: &[Alert], stored: &[Notification]) -> Self {
        let mut log = Self::default();
        let mut of_alerts: HashMap<&String, Vec<&Notification>> = HashMap::new();
        for sent in stored {
            sent.fingerprints().for_each(|alert| of_alerts.entry(alert).or_default().push(sent));
        }
        for alert in alerts {
            let Some(fired_at) = alert.fired_at else { continue };
            let mut of_firing = of_alerts.remove(&alert.fingerprint).unwrap_or_default();
            of_firing.retain(|sent| sent.time >= fired_at);
            of_firing.sort_by_key(|sent| sent.time);
            for sent in of_firing {
                log.record(alert, sent.kind, sent.outcome.clone(), sent.time);
            }
        }
        log
    }

    /// Returns the record of an alert's current or last firing.
    pub(crate) fn of_firing(&self, alert: &Alert) -> Option<&NotificationRecord> {
        let record = self.records.get(&alert.fingerprint)?;
        (Some(record.fired_at) == alert.fired_at).then_some(record)
    }

    /// Records the outcome of a notification.
    pub(crate) fn record(
        &mut self,
        alert: &Alert,
        kind: NotificationKind,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) {
        let Some(fired_at) = alert.fired_at else { return };
        match kind {
            NotificationKind::Firing => {
                let attempts = self.of_firing(alert).map_or(0, |record| record.attempts) + 1;
                let record =
                    NotificationRecord { fired_at, firing: outcome, attempts, last: now, resolved: false };
                self.records.insert(alert.fingerprint.clone(), record);
            }
            NotificationKind::Resolved => {
                if let Some(record) = self.records.get_mut(&alert.fingerprint) {
                    record.resolved = true;
                }
            }
            NotificationKind::Test | NotificationKind::Confirmation => {}
        }
    }

    /// Removes the records of deleted alerts.
    pub(crate) fn remove(&mut self, deleted: impl Fn(&str) -> bool) {
        self.records.retain(|fingerprint, _| !deleted(fingerprint));
    }
}
