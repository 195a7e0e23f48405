//! What has been told of which firing, and what is still to be told. Pure.

use std::collections::HashMap;

use model::{
    Alert, AlertState, DeliveryOutcome, NANOS_PER_SECOND, Notification, NotificationKind, Timestamp,
};

/// Seconds to wait before each further attempt to tell of a firing.
const BACK_OFF_SECONDS: [i64; 5] = [5, 15, 60, 300, 900];
/// A resolved alert that was not told for this long is not told any more, in nanoseconds.
const LATE: i64 = 3600 * NANOS_PER_SECOND;

/// What was told of one firing of an alert.
#[derive(Debug, Clone)]
struct Told {
    fired_at: Timestamp,
    firing: DeliveryOutcome,
    attempts: usize,
    last: Timestamp,
    resolved: bool,
}

/// What was told of the latest firing of each alert, by fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Tellings {
    told: HashMap<String, Told>,
}

impl Tellings {
    /// What the log of notifications says of alerts, after a restart.
    pub(crate) fn restore(alerts: &[Alert], log: &[Notification]) -> Self {
        let mut tellings = Self::default();
        for alert in alerts {
            let Some(fired_at) = alert.fired_at else { continue };
            let mut own: Vec<&Notification> = log
                .iter()
                .filter(|told| told.fingerprint.as_ref() == Some(&alert.fingerprint) && told.time >= fired_at)
                .collect();
            own.sort_by_key(|told| told.time);
            for told in own {
                tellings.record(alert, told.kind, told.outcome.clone(), told.time);
            }
        }
        tellings
    }

    /// What is to be told of an alert now. A firing is told once; when it was held back, as soon as no
    /// silence covers it; when it failed, a few more times while it lasts. That it resolved is told once,
    /// if the firing was.
    pub(crate) fn due(&self, alert: &Alert, silenced: bool, now: Timestamp) -> Option<NotificationKind> {
        let fired_at = alert.fired_at?;
        let told = self.told.get(&alert.fingerprint).filter(|told| told.fired_at == fired_at);
        match (alert.state, told) {
            (AlertState::Firing, None) => Some(NotificationKind::Firing),
            (AlertState::Firing, Some(told)) => match told.firing {
                DeliveryOutcome::Delivered => None,
                DeliveryOutcome::Silenced => (!silenced).then_some(NotificationKind::Firing),
                DeliveryOutcome::Failed(_) => {
                    let wait = BACK_OFF_SECONDS.get(told.attempts.saturating_sub(1))? * NANOS_PER_SECOND;
                    (now.since(told.last) >= wait).then_some(NotificationKind::Firing)
                }
            },
            (_, Some(told)) => {
                let ended = alert.resolved_at.filter(|ended| *ended >= fired_at && now.since(*ended) < LATE);
                let heard = !matches!(told.firing, DeliveryOutcome::Failed(_));
                (ended.is_some() && heard && !told.resolved).then_some(NotificationKind::Resolved)
            }
            (_, None) => None,
        }
    }

    /// Whether the firing of an alert was held back, so that its end is held back as well.
    pub(crate) fn held_back(&self, alert: &Alert) -> bool {
        self.told.get(&alert.fingerprint).is_some_and(|told| told.firing == DeliveryOutcome::Silenced)
    }

    /// Notes what became of telling.
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
                let before = self.told.get(&alert.fingerprint).filter(|told| told.fired_at == fired_at);
                let attempts = before.map_or(0, |told| told.attempts) + 1;
                let told = Told { fired_at, firing: outcome, attempts, last: now, resolved: false };
                self.told.insert(alert.fingerprint.clone(), told);
            }
            NotificationKind::Resolved => {
                if let Some(told) = self.told.get_mut(&alert.fingerprint) {
                    told.resolved = true;
                }
            }
            NotificationKind::Test => {}
        }
    }

    /// Forgets alerts that are gone.
    pub(crate) fn forget(&mut self, gone: impl Fn(&str) -> bool) {
        self.told.retain(|fingerprint, _| !gone(fingerprint));
    }
}
