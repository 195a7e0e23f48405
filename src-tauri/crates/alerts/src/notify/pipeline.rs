//! The pipeline that runs alerts through the stages of notification.

use chrono::{Local, TimeZone as _};
use model::{
    Alert, AlertSeverity, DeliveryOutcome, NANOS_PER_SECOND, Notification, NotificationKind, TimeRange,
    Timestamp,
};
use parking_lot::{Mutex, MutexGuard};
use store::Store;

use crate::{
    AlertError, AlertRule, Channels, NotificationAction,
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

    /// Sends the due notifications of a rule's alerts.
    pub(crate) async fn notify(&self, state: &RuleState, now: Timestamp) {
        let _notifying = state.notify_lock.lock().await;
        let (rule, alerts) = state.rule_and_alerts();
        for alert in alerts {
            self.notify_alert(&rule, &alert, now).await;
        }
    }

    async fn notify_alert(&self, rule: &AlertRule, alert: &Alert, now: Timestamp) {
        let channel = match route(rule, &self.channels) {
            Route::Off => return,
            Route::LogOnly => None,
            Route::To(channel) => Some(channel),
        };
        let silenced = self.silences.covers(alert, now);
        let (kind, suppressed) = {
            let log = self.log();
            let record = log.of_firing(alert);
            let Some(kind) = deduplicate::due(alert, record, silenced, now) else { return };
            (kind, deduplicate::suppressed(kind, record))
        };
        let mut notification = Notification {
            id: notification_id(alert, kind, now),
            time: now,
            kind,
            fingerprint: Some(alert.fingerprint.clone()),
            rule_id: Some(rule.id.clone()),
            title: description::title(rule, alert, kind),
            body: description::body(rule, alert, kind, *Local.timestamp_nanos(now.0).offset()),
            channel: channel.map_or(NO_CHANNEL, |channel| channel.name()).to_owned(),
            outcome: DeliveryOutcome::Silenced,
            action: None,
        };
        if !silenced && !suppressed {
            notification.outcome = send(channel, &notification, rule.severity).await;
        }
        self.log().record(alert, kind, notification.outcome.clone(), now);
        if let Err(error) = self.store.history().record_notification(notification).await {
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
