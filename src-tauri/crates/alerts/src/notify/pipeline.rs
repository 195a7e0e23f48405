//! The pipeline that runs alerts through the stages of notification.

use std::sync::Arc;

use model::{
    Alert, AlertSeverity, DeliveryOutcome, NANOS_PER_SECOND, Notification, NotificationKind, TimeRange,
    Timestamp,
};
use parking_lot::{Mutex, MutexGuard};
use store::Store;

use crate::{
    AlertError, Channels, NotificationAction,
    channels::NO_CHANNEL,
    notify::{
        deduplicate,
        group::Group,
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
        self.send_due(state, now).await;
        // Only now: the notification of a resolved alert is silenced as well.
        self.silences.end_resolved(&state.rule_and_alerts().0.id, &state.active(), now).await;
    }

    async fn send_due(&self, state: &RuleState, now: Timestamp) {
        let (rule, alerts) = state.rule_and_alerts();
        let channel = match route(&rule, &self.channels) {
            Route::Off => return,
            Route::LogOnly => None,
            Route::To(channel) => Some(channel),
        };
        for group in self.due_groups(&alerts, now) {
            let mut notification = group.notification(&rule, channel, now);
            if !group.is_suppressed {
                notification.outcome = send(channel, &notification, rule.severity).await;
            }
            {
                let mut log = self.log();
                for alert in &group.alerts {
                    log.record(alert, group.kind, notification.outcome.clone(), now);
                }
            }
            // It is stored at once, so that it is not sent again after a crash.
            if let Err(error) = self.store.history().record_notification(notification).await {
                tracing::warn!(rule = %rule.name, %error, "notification sent but not stored");
            }
        }
    }

    /// Returns the alerts that are due for a notification, those of one event together.
    fn due_groups<'alerts>(&self, alerts: &'alerts [Alert], now: Timestamp) -> Vec<Group<'alerts>> {
        let mut groups: Vec<Group<'alerts>> = Vec::new();
        for alert in alerts {
            let silenced = self.silences.covers(alert, now);
            let (kind, suppressed) = {
                let log = self.log();
                let record = log.of_firing(alert);
                let Some(kind) = deduplicate::due(alert, record, silenced, now) else { continue };
                (kind, deduplicate::suppressed(kind, record))
            };
            let is_suppressed = silenced || suppressed;
            let is_of = |group: &&mut Group<'_>| (group.kind, group.is_suppressed) == (kind, is_suppressed);
            match groups.iter_mut().find(is_of) {
                Some(group) => group.alerts.push(alert),
                None => groups.push(Group { kind, is_suppressed, alerts: vec![alert] }),
            }
        }
        groups
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
            grouped: Vec::new(),
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
