//! The group stage: the alerts of one evaluation of a rule that share one notification. Pure.
//!
//! When many alerts begin to fire at once they have one cause. Each of them is in the history of
//! alerts, but all are one notification, on every channel.

use model::{Alert, DeliveryOutcome, Notification, NotificationKind, Timestamp};
use xxhash_rust::xxh3::Xxh3;

use crate::{AlertRule, Channel, channels::NO_CHANNEL, notify::description};

/// Alerts of one rule that are due for the same kind of notification.
pub(crate) struct Group<'alerts> {
    pub(crate) kind: NotificationKind,
    /// True if a silence covers them, or covered their firing.
    pub(crate) is_suppressed: bool,
    /// At least one.
    pub(crate) alerts: Vec<&'alerts Alert>,
}

impl Group<'_> {
    /// Returns the notification. It counts as delivered, unless it is suppressed.
    pub(crate) fn notification(
        &self,
        rule: &AlertRule,
        channel: Option<&dyn Channel>,
        now: Timestamp,
    ) -> Notification {
        let (title, body) = description::texts(rule, &self.alerts, self.kind, now);
        let fingerprints = || self.alerts.iter().map(|alert| alert.fingerprint.clone());
        let is_single = self.alerts.len() == 1;
        Notification {
            id: self.id(now),
            time: now,
            kind: self.kind,
            fingerprint: fingerprints().next().filter(|_| is_single),
            grouped: if is_single { Vec::new() } else { fingerprints().collect() },
            rule_id: Some(rule.id.clone()),
            title,
            body,
            channel: channel.map_or(NO_CHANNEL, |channel| channel.name()).to_owned(),
            outcome: match self.is_suppressed {
                true => DeliveryOutcome::Silenced,
                false => DeliveryOutcome::Delivered,
            },
            action: None,
        }
    }

    /// Returns the identifier of the notification. Attempts to send the same one share it.
    fn id(&self, now: Timestamp) -> String {
        let word = if self.kind == NotificationKind::Resolved { "resolved" } else { "firing" };
        let fired_at = |alert: &Alert| alert.fired_at.unwrap_or(now).0;
        if let [alert] = self.alerts.as_slice() {
            return format!("{}-{}-{word}", alert.fingerprint, fired_at(alert));
        }
        let mut hash = Xxh3::new();
        for alert in &self.alerts {
            hash.update(alert.fingerprint.as_bytes());
            hash.update(&fired_at(alert).to_le_bytes());
        }
        format!("{}-{:016x}-{word}", self.alerts.len(), hash.digest())
    }
}
