//! Desktop notifications with the switch of the settings in front.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alerts::{ChosenAction, DesktopNotifier, NotificationAction, Notifier};
use async_trait::async_trait;
use model::{AlertSeverity, Notification};
use tokio::sync::broadcast;

/// Shows notifications on the desktop while the settings want it; otherwise they are only kept in the record.
pub(crate) struct SwitchedNotifier {
    desktop: DesktopNotifier,
    wanted: Arc<AtomicBool>,
}

impl SwitchedNotifier {
    pub(crate) fn new(wanted: Arc<AtomicBool>) -> std::io::Result<Self> {
        Ok(Self { desktop: DesktopNotifier::new()?, wanted })
    }

    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Notifier for SwitchedNotifier {
    fn channel(&self) -> &'static str {
        if self.is_wanted() { self.desktop.channel() } else { "record only" }
    }

    async fn deliver(
        &self,
        notification: &Notification,
        severity: AlertSeverity,
        actions: &[NotificationAction],
    ) -> Result<(), String> {
        if self.is_wanted() { self.desktop.deliver(notification, severity, actions).await } else { Ok(()) }
    }

    fn chosen(&self) -> broadcast::Receiver<ChosenAction> {
        self.desktop.chosen()
    }
}
