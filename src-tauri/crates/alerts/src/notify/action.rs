//! The actions that people choose on notifications.

use std::{collections::HashSet, sync::Arc};

use model::{Alert, AlertState, NANOS_PER_SECOND, Silence, TimeRange, Timestamp};
use store::Store;
use tokio::sync::broadcast;

use crate::{
    AlertError, ChosenAction, NotificationAction, notify::pipeline::Pipeline, rules::rule_set::RuleSet,
};

const HOUR: i64 = 3600 * NANOS_PER_SECOND;
/// Opened alerts that a slow subscriber may be behind.
const OPENED_QUEUE: usize = 16;

/// An alert that was opened from its notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedAlert {
    /// The alert.
    pub fingerprint: String,
}

/// The executor of actions on alerts.
pub(crate) struct Actions {
    store: Store,
    rules: Arc<RuleSet>,
    pipeline: Arc<Pipeline>,
    opened: broadcast::Sender<OpenedAlert>,
}

impl Actions {
    pub(crate) fn new(store: Store, rules: Arc<RuleSet>, pipeline: Arc<Pipeline>) -> Self {
        Self { store, rules, pipeline, opened: broadcast::channel(OPENED_QUEUE).0 }
    }

    /// Returns the alerts opened from their notifications, from now on.
    pub(crate) fn subscribe_opened(&self) -> broadcast::Receiver<OpenedAlert> {
        self.opened.subscribe()
    }

    /// Executes a chosen action in the background.
    pub(crate) fn spawn(self: &Arc<Self>, chosen: ChosenAction, now: Timestamp) {
        let actions = self.clone();
        tokio::spawn(async move {
            if let Err(error) = actions.execute(&chosen, now).await {
                tracing::warn!(%error, action = chosen.action.key(), "action of a notification failed");
            }
        });
    }

    async fn execute(&self, chosen: &ChosenAction, now: Timestamp) -> Result<(), AlertError> {
        let (id, key) = (&chosen.notification_id, chosen.action.key());
        let stored = self.store.history().set_notification_action(id, key).await?;
        let grouped = stored.map(|notification| notification.grouped).unwrap_or_default();
        let alerts: Vec<String> = chosen.fingerprint.iter().cloned().chain(grouped).collect();
        let Some(first) = alerts.first() else { return Ok(()) };
        match chosen.action {
            NotificationAction::Acknowledge => {
                self.acknowledge(&alerts, Some(now)).await?;
            }
            NotificationAction::SilenceHour => {
                let (_, alert) = self.rules.find_alert(first)?;
                let mut labels = alert.labels;
                for other in alerts.iter().filter_map(|other| self.rules.find_alert(other).ok()) {
                    labels.retain(|key, value| other.1.labels.get(key) == Some(value));
                }
                let silence = Silence {
                    id: String::new(),
                    rule_id: Some(alert.rule_id),
                    labels,
                    range: TimeRange::new(now, now.offset(HOUR)),
                    reason: "silenced from a notification".to_owned(),
                    until_resolved: false,
                };
                self.pipeline.silences.save(silence, now).await?;
            }
            // No alert has these. The engine follows them.
            NotificationAction::Allow | NotificationAction::Refuse => {}
            // Without a window there is no subscriber.
            NotificationAction::Open => {
                drop(self.opened.send(OpenedAlert { fingerprint: first.clone() }));
            }
        }
        Ok(())
    }

    /// Acknowledges the firing ones of some alerts of one rule, or takes it back with `at` none.
    /// Errors if none of them fires.
    pub(crate) async fn acknowledge(
        &self,
        fingerprints: &[String],
        at: Option<Timestamp>,
    ) -> Result<Vec<Alert>, AlertError> {
        let Some(first) = fingerprints.first() else { return Ok(Vec::new()) };
        let (rule, _) = self.rules.find_alert(first)?;
        let _evaluating = rule.evaluation_lock.lock().await;
        let chosen: HashSet<&String> = fingerprints.iter().collect();
        let is_chosen =
            |alert: &Alert| alert.state == AlertState::Firing && chosen.contains(&alert.fingerprint);
        let mut alerts: Vec<Alert> = rule.rule_and_alerts().1.to_vec();
        alerts.retain(is_chosen);
        if alerts.is_empty() {
            return Err(AlertError::Invalid("only a firing alert can be acknowledged".into()));
        }
        alerts.iter_mut().for_each(|alert| alert.acknowledged_at = at);
        self.store.history().record_alerts(alerts.clone(), Vec::new()).await?;
        for known in Arc::make_mut(&mut rule.status().alerts).iter_mut().filter(|known| is_chosen(known)) {
            known.acknowledged_at = at;
        }
        Ok(alerts)
    }
}
