//! The pipeline that runs alerts through the stages of notification.

use std::sync::Arc;

use chrono::{Local, TimeZone as _};
use model::{
    Alert, AlertSeverity, DeliveryOutcome, NANOS_PER_SECOND, Notification, NotificationKind, TimeRange,
    Timestamp,
};
use parking_lot::{Mutex, MutexGuard};
use store::Store;

use crate::{
    AlertError, AlertRule, Channel, Channels, NotificationAction,
    channels::NO_CHANNEL,
    notify::{
        deduplicate, description,
        log::NotificationLog,
        route::{Route, route},
        send::{send, send_with},
        silence::Silences,
    },
    rules::rule_state::RuleState,
};

/// Stored notifications that are read at a start.
const MAX_RESTORED: u32 = 5000;
/// Notifications that were not sent and are stored in one transaction.
const MAX_STORED_AT_ONCE: usize = 500;
/// Tolerance for notifications recorded before the clock was set back, in nanoseconds.
const CLOCK_TOLERANCE: i64 = 3600 * NANOS_PER_SECOND;

/// A notification that belongs to no alert.
pub(crate) struct DirectNotification {
    pub(crate) id: String,
    pub(crate) kind: NotificationKind,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) actions: &'static [NotificationAction],
}

/// The stages of notification with their state.
pub(crate) struct Pipeline {
    store: Store,
    channels: Channels,
    pub(crate) silences: Silences,
    log: Mutex<NotificationLog>,
}

impl Pipeline {
    pub(crate) fn new(store: Store, channels: Channels) -> Self {
        let silences = Silences::new(store.clone());
        Self { store, channels, silences, log: Mutex::default() }
    }

    pub(crate) fn channels(&self) -> &Channels {
        &self.channels
    }

    fn log(&self) -> MutexGuard<'_, NotificationLog> {
        self.log.lock()
    }

    /// Loads the silences, and the notifications of these alerts.
    pub(crate) async fn load(&self, alerts: &[Alert], now: Timestamp) -> Result<(), AlertError> {
        let oldest = alerts.iter().filter_map(|alert| alert.fired_at).min().unwrap_or(now);
        let range = TimeRange::new(oldest, now.offset(CLOCK_TOLERANCE));
        let stored = self.store.history().notifications(range, MAX_RESTORED).await?;
        *self.log() = NotificationLog::restore(alerts, &stored);
        self.silences.load().await
    }

    /// Removes deleted alerts from the notification log.
    pub(crate) fn remove(&self, fingerprints: &[String]) {
        self.log().remove(|fingerprint| fingerprints.iter().any(|deleted| deleted == fingerprint));
    }

    /// Sends the due notifications of a rule's alerts in the background. If those of an earlier
    /// evaluation are still being sent, they include these.
    pub(crate) fn spawn_notify(self: &Arc<Self>, state: &Arc<RuleState>, now: Timestamp) {
        if !state.request_notify() {
            return;
        }
        let (pipeline, state) = (Arc::clone(self), Arc::clone(state));
        tokio::spawn(async move {
            let _notifying = state.notify_lock.lock().await;
            state.begin_notify();
            pipeline.notify_all(&state, now).await;
        });
    }

    /// Sends the due notifications of a rule's alerts.
    pub(crate) async fn notify(&self, state: &RuleState, now: Timestamp) {
        let _notifying = state.notify_lock.lock().await;
        self.notify_all(state, now).await;
    }

    async fn notify_all(&self, state: &RuleState, now: Timestamp) {
        let (rule, alerts) = state.rule_and_alerts();
        let channel = match route(&rule, &self.channels) {
            Route::Off => return,
            Route::LogOnly => None,
            Route::To(channel) => Some(channel),
        };
        let mut unsent = Vec::new();
        for alert in alerts.iter() {
            let Some((notification, is_sent)) = self.due(&rule, alert, channel, now) else { continue };
            if is_sent {
                let outcome = send(channel, &notification, rule.severity).await;
                self.log().record(alert, notification.kind, outcome.clone(), now);
                // It is stored at once, so that it is not sent again after a crash.
                self.store_all(&rule, vec![Notification { outcome, ..notification }]).await;
            } else {
                self.log().record(alert, notification.kind, notification.outcome.clone(), now);
                unsent.push(notification);
            }
            if unsent.len() >= MAX_STORED_AT_ONCE {
                self.store_all(&rule, std::mem::take(&mut unsent)).await;
            }
        }
        self.store_all(&rule, unsent).await;
    }

    /// Returns the due notification of an alert, and whether it is to be sent. Without a channel it
    /// counts as delivered.
    fn due(
        &self,
        rule: &AlertRule,
        alert: &Alert,
        channel: Option<&dyn Channel>,
        now: Timestamp,
    ) -> Option<(Notification, bool)> {
        let silenced = self.silences.covers(alert, now);
        let (kind, suppressed) = {
            let log = self.log();
            let record = log.of_firing(alert);
            let kind = deduplicate::due(alert, record, silenced, now)?;
            (kind, deduplicate::suppressed(kind, record))
        };
        let is_suppressed = silenced || suppressed;
        let notification = Notification {
            id: notification_id(alert, kind, now),
            time: now,
            kind,
            fingerprint: Some(alert.fingerprint.clone()),
            rule_id: Some(rule.id.clone()),
            title: description::title(rule, alert, kind),
            body: description::body(rule, alert, kind, *Local.timestamp_nanos(now.0).offset()),
            channel: channel.map_or(NO_CHANNEL, |channel| channel.name()).to_owned(),
            outcome: if is_suppressed { DeliveryOutcome::Silenced } else { DeliveryOutcome::Delivered },
            action: None,
        };
        Some((notification, channel.is_some() && !is_suppressed))
    }

    async fn store_all(&self, rule: &AlertRule, notifications: Vec<Notification>) {
        if let Err(error) = self.store.history().record_notifications(notifications).await {
            tracing::warn!(rule = %rule.name, %error, "notification sent but not stored");
        }
    }

    /// Sends a notification that belongs to no alert, and returns it with its outcome. Silences do
    /// not apply.
    pub(crate) async fn send_direct(
        &self,
        direct: DirectNotification,
        now: Timestamp,
    ) -> Result<Notification, AlertError> {
        let channel = self.channels.enabled();
        let mut notification = Notification {
            id: direct.id,
            time: now,
            kind: direct.kind,
            fingerprint: None,
            rule_id: None,
            title: direct.title,
            body: direct.body,
            channel: channel.map_or(NO_CHANNEL, |channel| channel.name()).to_owned(),
            outcome: DeliveryOutcome::Delivered,
            action: None,
        };
        notification.outcome = send_with(channel, &notification, AlertSeverity::Info, direct.actions).await;
        self.store.history().record_notification(notification.clone()).await?;
        Ok(notification)
    }
}

/// Returns the identifier of a notification. Attempts to send the same one share it.
fn notification_id(alert: &Alert, kind: NotificationKind, now: Timestamp) -> String {
    let word = if kind == NotificationKind::Resolved { "resolved" } else { "firing" };
    format!("{}-{}-{word}", alert.fingerprint, alert.fired_at.unwrap_or(now).0)
}
