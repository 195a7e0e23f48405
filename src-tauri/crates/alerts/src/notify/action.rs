//! The actions that people choose on notifications.

use std::sync::Arc;

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
        self.store.history().set_notification_action(&chosen.notification_id, chosen.action.key()).await?;
        let Some(fingerprint) = &chosen.fingerprint else { return Ok(()) };
        match chosen.action {
            NotificationAction::Acknowledge => {
                self.acknowledge(fingerprint, now).await?;
            }
            NotificationAction::SilenceHour => {
                let (_, alert) = self.rules.find_alert(fingerprint)?;
                let silence = Silence {
                    id: String::new(),
                    rule_id: Some(alert.rule_id),
                    labels: alert.labels,
                    range: TimeRange::new(now, now.offset(HOUR)),
                    reason: "silenced from a notification".to_owned(),
                };
                self.pipeline.silences.save(silence, now).await?;
            }
            // No alert has these. The engine follows them.
            NotificationAction::Allow | NotificationAction::Refuse => {}
            // Without a window there is no subscriber.
            NotificationAction::Open => {
                drop(self.opened.send(OpenedAlert { fingerprint: fingerprint.clone() }));
            }
        }
        Ok(())
    }

    /// Acknowledges a firing alert.
    pub(crate) async fn acknowledge(&self, fingerprint: &str, now: Timestamp) -> Result<Alert, AlertError> {
        let (rule, _) = self.rules.find_alert(fingerprint)?;
        let _evaluating = rule.evaluation_lock.lock().await;
        let (_, alert) = self.rules.find_alert(fingerprint)?;
        if alert.state != AlertState::Firing {
            return Err(AlertError::Invalid("only a firing alert can be acknowledged".into()));
        }
        let alert = Alert { acknowledged_at: Some(now), ..alert };
        self.store.history().record_alerts(vec![alert.clone()], Vec::new()).await?;
        for known in Arc::make_mut(&mut rule.status().alerts) {
            if known.fingerprint == alert.fingerprint {
                *known = alert.clone();
            }
        }
        Ok(alert)
    }
}
