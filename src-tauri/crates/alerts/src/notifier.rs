//! The way notifications go out and answers come back.

use async_trait::async_trait;
use model::{AlertSeverity, Notification};
use tokio::sync::broadcast;

/// Something people can choose on a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// Say that somebody has seen the alert.
    Acknowledge,
    /// Hold back notifications of the alert for an hour.
    SilenceHour,
    /// Show the alert in the console.
    Open,
}

impl NotificationAction {
    /// The word for machines, kept as the action of a notification.
    pub fn key(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::SilenceHour => "silence",
            Self::Open => "open",
        }
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledge",
            Self::SilenceHour => "Silence 1 h",
            Self::Open => "Open",
        }
    }

    /// The action with this key; `default` (a click on the notification itself) opens.
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "acknowledge" => Some(Self::Acknowledge),
            "silence" => Some(Self::SilenceHour),
            "open" | "default" => Some(Self::Open),
            _ => None,
        }
    }
}

/// An action somebody chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenAction {
    /// The notification it was chosen on.
    pub notification_id: String,
    /// Its alert; none for tests.
    pub fingerprint: Option<String>,
    /// The action.
    pub action: NotificationAction,
}

/// A way by which notifications reach people.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The word kept as the channel of a notification, such as `desktop`.
    fn channel(&self) -> &'static str;

    /// Delivers a notification; one about the same alert replaces the earlier. An error says why it
    /// could not be delivered. Actions are offered only where the way has any.
    async fn deliver(
        &self,
        notification: &Notification,
        severity: AlertSeverity,
        actions: &[NotificationAction],
    ) -> Result<(), String>;

    /// What people choose on delivered notifications, from now on.
    fn chosen(&self) -> broadcast::Receiver<ChosenAction>;
}
