//! Desktop notifications that the settings switch on and off.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alerts::{ChosenAction, DesktopNotifier, NotificationAction, Notifier};
use async_trait::async_trait;
use model::{AlertSeverity, Notification};
use tokio::sync::broadcast;

/// Shows notifications on the desktop while the switch is on. Otherwise they are recorded only.
pub(crate) struct SwitchedNotifier {
    desktop: DesktopNotifier,
    enabled: Arc<AtomicBool>,
}

impl SwitchedNotifier {
    pub(crate) fn new(enabled: Arc<AtomicBool>) -> std::io::Result<Self> {
        Ok(Self { desktop: DesktopNotifier::new()?, enabled })
    }

    fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Notifier for SwitchedNotifier {
    fn channel(&self) -> &'static str {
        if self.is_enabled() { self.desktop.channel() } else { "record only" }
    }

    async fn deliver(
        &self,
        notification: &Notification,
        severity: AlertSeverity,
        actions: &[NotificationAction],
    ) -> Result<(), String> {
        if self.is_enabled() { self.desktop.deliver(notification, severity, actions).await } else { Ok(()) }
    }

    fn chosen(&self) -> broadcast::Receiver<ChosenAction> {
        self.desktop.chosen()
    }
}
