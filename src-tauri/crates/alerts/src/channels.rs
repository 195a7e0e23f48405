//! Notification channels: the destinations of notifications.
//!
//! A channel is one file in `channels/` and one line in the list below.

use std::{io, sync::Arc};

use async_trait::async_trait;
use model::{AlertSeverity, Notification};
use tokio::sync::broadcast;

pub(crate) mod desktop;

/// Channel name of a notification that is only logged.
pub(crate) const NO_CHANNEL: &str = "none";
/// Chosen actions that a slow receiver may be behind.
const ACTION_QUEUE: usize = 64;

macro_rules! channels {
    ($($name:path => $open:path;)*) => {
        /// The names of all channels, in order of preference.
        pub const CHANNELS: &[&str] = &[$($name),*];

        fn open_all(chosen: &broadcast::Sender<ChosenAction>) -> io::Result<Vec<Arc<dyn Channel>>> {
            Ok(vec![$(Arc::new($open(chosen.clone())?)),*])
        }
    };
}

channels! {
    desktop::NAME => desktop::DesktopChannel::new;
}

/// A notification channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Returns the name that is stored with each notification, such as `desktop`.
    fn name(&self) -> &'static str;

    /// Sends a notification; a later one about the same alert replaces it. Offers the actions where
    /// the channel supports them. The error is the reason of a failed delivery.
    async fn send(
        &self,
        notification: &Notification,
        severity: AlertSeverity,
        actions: &[NotificationAction],
    ) -> Result<(), String>;
}

/// An action offered on a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// Acknowledges the alert.
    Acknowledge,
    /// Silences the alert for an hour.
    SilenceHour,
    /// Shows the alert in the console.
    Open,
    /// Allows a change that waits for a confirmation.
    Allow,
    /// Refuses a change that waits for a confirmation.
    Refuse,
}

impl NotificationAction {
    /// Returns the name that is stored with the notification.
    pub fn key(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::SilenceHour => "silence",
            Self::Open => "open",
            Self::Allow => "allow",
            Self::Refuse => "refuse",
        }
    }

    /// Returns the label of the button.
    pub fn label(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledge",
            Self::SilenceHour => "Silence 1 h",
            Self::Open => "Open",
            Self::Allow => "Allow",
            Self::Refuse => "Refuse",
        }
    }

    /// Returns the action with this key. A click on the notification itself, `default`, opens.
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "acknowledge" => Some(Self::Acknowledge),
            "silence" => Some(Self::SilenceHour),
            "open" | "default" => Some(Self::Open),
            "allow" => Some(Self::Allow),
            "refuse" => Some(Self::Refuse),
            _ => None,
        }
    }
}

/// An action chosen on a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenAction {
    /// The notification.
    pub notification_id: String,
    /// Its alert; none for tests and confirmations.
    pub fingerprint: Option<String>,
    /// The action.
    pub action: NotificationAction,
}

/// The open channels, and the settings that enable them.
pub struct Channels {
    channels: Vec<Arc<dyn Channel>>,
    is_enabled: Box<dyn Fn(&str) -> bool + Send + Sync>,
    chosen: broadcast::Sender<ChosenAction>,
}

impl Channels {
    /// Opens every channel. `is_enabled` is called with a channel's name before each notification.
    /// Errors when the system refuses a thread.
    pub fn open(is_enabled: impl Fn(&str) -> bool + Send + Sync + 'static) -> io::Result<Self> {
        let chosen = broadcast::channel(ACTION_QUEUE).0;
        Ok(Self { channels: open_all(&chosen)?, is_enabled: Box::new(is_enabled), chosen })
    }

    /// Returns a single enabled channel, whose actions come from `chosen`.
    pub fn single(channel: Arc<dyn Channel>, chosen: broadcast::Sender<ChosenAction>) -> Self {
        Self { channels: vec![channel], is_enabled: Box::new(|_| true), chosen }
    }

    /// Returns the first enabled channel.
    pub(crate) fn enabled(&self) -> Option<&dyn Channel> {
        self.channels
            .iter()
            .map(AsRef::as_ref)
            .find(|channel: &&dyn Channel| (self.is_enabled)(channel.name()))
    }

    /// Returns the actions chosen on notifications, from now on.
    pub(crate) fn subscribe_chosen(&self) -> broadcast::Receiver<ChosenAction> {
        self.chosen.subscribe()
    }
}
