//! The desktop channel: notifications of the desktop environment.

use std::{
    collections::HashMap,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use model::{AlertSeverity, Notification, NotificationKind};
use parking_lot::Mutex;
use tokio::sync::{broadcast, oneshot};

use super::{Channel, ChosenAction, NotificationAction};

/// Name of the channel.
pub const NAME: &str = "desktop";
/// Deadline of the notification service.
const DEADLINE: Duration = Duration::from_secs(10);
/// Notifications that wait for the thread.
const QUEUE: usize = 16;
/// Shown notifications whose buttons are watched at the same time.
const MAX_WATCHED: usize = 32;

/// A notification on its way to the thread.
#[derive(Debug)]
struct Request {
    notification: Notification,
    severity: AlertSeverity,
    actions: Vec<NotificationAction>,
    reply: oneshot::Sender<Result<(), String>>,
}

/// A channel to the desktop's notification service. It runs on a thread because the service may
/// block. Without such a service every delivery fails with the reason.
#[derive(Debug)]
pub(crate) struct DesktopChannel {
    requests: mpsc::SyncSender<Request>,
}

impl DesktopChannel {
    /// Starts the thread, which ends when the channel is dropped. Actions chosen on notifications
    /// go to `chosen`. Errors when the system refuses a thread.
    pub(crate) fn new(chosen: broadcast::Sender<ChosenAction>) -> std::io::Result<Self> {
        let (requests, incoming) = mpsc::sync_channel::<Request>(QUEUE);
        let mut screen = Screen { shown: HashMap::new(), watched: Arc::default(), chosen };
        thread::Builder::new().name("notifications".into()).spawn(move || {
            for request in incoming {
                let outcome = screen.show(&request).map_err(|error| error.to_string());
                // After the deadline there is no receiver.
                let _ = request.reply.send(outcome);
            }
        })?;
        Ok(Self { requests })
    }
}

#[async_trait]
impl Channel for DesktopChannel {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn send(
        &self,
        notification: &Notification,
        severity: AlertSeverity,
        actions: &[NotificationAction],
    ) -> Result<(), String> {
        let (reply, outcome) = oneshot::channel();
        let request =
            Request { notification: notification.clone(), severity, actions: actions.to_vec(), reply };
        self.requests.try_send(request).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => "too many notifications are queued".to_owned(),
            mpsc::TrySendError::Disconnected(_) => "the thread that shows notifications ended".to_owned(),
        })?;
        match tokio::time::timeout(DEADLINE, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the thread that shows notifications ended".to_owned()),
            Err(_) => Err(format!("the notification service did not answer within {} s", DEADLINE.as_secs())),
        }
    }
}

/// The notifications whose buttons are watched, by the number that the service gave them.
type Watched = Arc<Mutex<HashMap<u32, ShownNotification>>>;

#[derive(Clone)]
struct ShownNotification {
    notification_id: String,
    fingerprint: Option<String>,
}

/// The state of the thread.
struct Screen {
    /// The number of the latest notification of each alert.
    shown: HashMap<String, u32>,
    watched: Watched,
    chosen: broadcast::Sender<ChosenAction>,
}

impl Screen {
    #[cfg(all(unix, not(target_os = "macos")))]
    fn show(&mut self, request: &Request) -> Result<(), notify_rust::error::Error> {
        let Request { notification, severity, actions, .. } = request;
        let capabilities = notify_rust::get_capabilities()?;
        let can = |capability: &str| capabilities.iter().any(|known| known == capability);
        let mut message = notify_rust::Notification::new();
        let body =
            if can("body-markup") { escape_markup(&notification.body) } else { notification.body.clone() };
        message.appname("Binnacle").summary(&notification.title).body(&body).icon("binnacle");
        message.hint(notify_rust::Hint::DesktopEntry("binnacle".into())).urgency(
            match (notification.kind, severity) {
                (NotificationKind::Firing, AlertSeverity::Critical) => notify_rust::Urgency::Critical,
                (NotificationKind::Firing, AlertSeverity::Info) | (NotificationKind::Resolved, _) => {
                    notify_rust::Urgency::Low
                }
                _ => notify_rust::Urgency::Normal,
            },
        );
        if let Some(earlier) = notification.fingerprint.as_ref().and_then(|alert| self.shown.get(alert)) {
            message.id(*earlier);
        }
        let offered = can("actions") && !actions.is_empty();
        if offered {
            if actions.contains(&NotificationAction::Open) {
                message.action("default", NotificationAction::Open.label());
            }
            for action in actions {
                message.action(action.key(), action.label());
            }
        }
        let handle = message.show()?;
        if let Some(alert) = &notification.fingerprint {
            self.shown.insert(alert.clone(), handle.id());
        }
        if offered {
            self.watch_buttons(handle, notification);
        }
        Ok(())
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn show(&mut self, request: &Request) -> Result<(), notify_rust::error::Error> {
        let mut message = notify_rust::Notification::new();
        message.appname("Binnacle").summary(&request.notification.title).body(&request.notification.body);
        message.show().map(|_| ())
    }

    /// Waits for a button on a separate thread. A notification that replaces another keeps its
    /// number and its thread.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn watch_buttons(&self, handle: notify_rust::NotificationHandle, notification: &Notification) {
        let number = handle.id();
        let shown = ShownNotification {
            notification_id: notification.id.clone(),
            fingerprint: notification.fingerprint.clone(),
        };
        {
            let mut watched = self.watched.lock();
            let is_watched = watched.contains_key(&number);
            if !is_watched && watched.len() >= MAX_WATCHED {
                tracing::warn!("too many open notifications: the buttons of the latest are disabled");
                return;
            }
            watched.insert(number, shown);
            if is_watched {
                return;
            }
        }
        let (watched, chosen) = (self.watched.clone(), self.chosen.clone());
        let started = thread::Builder::new().name("notification".into()).spawn(move || {
            let mut key = None;
            handle.wait_for_action(|action| key = Some(action.to_owned()));
            let shown = watched.lock().remove(&number);
            if let (Some(shown), Some(action)) =
                (shown, key.as_deref().and_then(NotificationAction::from_key))
            {
                let ShownNotification { notification_id, fingerprint } = shown;
                // Without a receiver the action has no effect.
                let _ = chosen.send(ChosenAction { notification_id, fingerprint, action });
            }
        });
        if let Err(error) = started {
            self.watched.lock().remove(&number);
            tracing::warn!(%error, "buttons of a notification disabled: no thread");
        }
    }
}

/// Escapes a text for services that interpret markup.
fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
