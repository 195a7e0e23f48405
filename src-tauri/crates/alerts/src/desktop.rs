//! Notifications of the desktop.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use model::{AlertSeverity, Notification, NotificationKind};
use tokio::sync::{broadcast, oneshot};

use crate::{ChosenAction, NotificationAction, Notifier};

/// How long the notification service may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Notifications on their way at the same time.
const QUEUE: usize = 16;
/// Shown notifications whose buttons are watched at the same time.
const MOST_WATCHED: usize = 32;

#[derive(Debug)]
struct Order {
    notification: Notification,
    severity: AlertSeverity,
    actions: Vec<NotificationAction>,
    answer: oneshot::Sender<Result<(), String>>,
}

/// Shows notifications through the desktop's notification service, on a thread of its own because the
/// service may block. Without such a service every delivery fails with the reason.
#[derive(Debug)]
pub struct DesktopNotifier {
    orders: mpsc::SyncSender<Order>,
    chosen: broadcast::Sender<ChosenAction>,
}

impl DesktopNotifier {
    /// Starts the thread; it ends when the notifier is dropped. An error if the system has no more threads.
    pub fn new() -> std::io::Result<Self> {
        let (orders, incoming) = mpsc::sync_channel::<Order>(QUEUE);
        let (chosen, _) = broadcast::channel(64);
        let mut screen = Screen { shown: HashMap::new(), watched: Arc::default(), chosen: chosen.clone() };
        thread::Builder::new().name("notifications".into()).spawn(move || {
            for order in incoming {
                let outcome = screen.show(&order).map_err(|error| error.to_string());
                // Nobody waits any more when the deadline has passed.
                let _ = order.answer.send(outcome);
            }
        })?;
        Ok(Self { orders, chosen })
    }
}

#[async_trait]
impl Notifier for DesktopNotifier {
    fn channel(&self) -> &'static str {
        "desktop"
    }

    async fn deliver(
        &self,
        notification: &Notification,
        severity: AlertSeverity,
        actions: &[NotificationAction],
    ) -> Result<(), String> {
        let (answer, outcome) = oneshot::channel();
        let order = Order { notification: notification.clone(), severity, actions: actions.to_vec(), answer };
        self.orders.try_send(order).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => "too many notifications wait to be shown".to_owned(),
            mpsc::TrySendError::Disconnected(_) => "the thread that shows notifications ended".to_owned(),
        })?;
        match tokio::time::timeout(DEADLINE, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the thread that shows notifications ended".to_owned()),
            Err(_) => Err(format!("the notification service did not answer within {} s", DEADLINE.as_secs())),
        }
    }

    fn chosen(&self) -> broadcast::Receiver<ChosenAction> {
        self.chosen.subscribe()
    }
}

/// Which notification stands under which number of the service, for those whose buttons are watched.
type Watched = Arc<Mutex<HashMap<u32, ChosenOn>>>;

#[derive(Clone)]
struct ChosenOn {
    notification_id: String,
    fingerprint: Option<String>,
}

struct Screen {
    /// The service's number of the latest notification of each alert.
    shown: HashMap<String, u32>,
    watched: Watched,
    chosen: broadcast::Sender<ChosenAction>,
}

impl Screen {
    #[cfg(all(unix, not(target_os = "macos")))]
    fn show(&mut self, order: &Order) -> Result<(), notify_rust::error::Error> {
        let Order { notification, severity, actions, .. } = order;
        let capabilities = notify_rust::get_capabilities()?;
        let can = |capability: &str| capabilities.iter().any(|known| known == capability);
        let mut message = notify_rust::Notification::new();
        let body =
            if can("body-markup") { without_markup(&notification.body) } else { notification.body.clone() };
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
            self.watch(handle, notification);
        }
        Ok(())
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn show(&mut self, order: &Order) -> Result<(), notify_rust::error::Error> {
        let mut message = notify_rust::Notification::new();
        message.appname("Binnacle").summary(&order.notification.title).body(&order.notification.body);
        message.show().map(|_| ())
    }

    /// Waits for a button on a thread of its own. A notification that replaces another keeps its number
    /// and the thread that already waits.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn watch(&self, handle: notify_rust::NotificationHandle, notification: &Notification) {
        let number = handle.id();
        let on = ChosenOn {
            notification_id: notification.id.clone(),
            fingerprint: notification.fingerprint.clone(),
        };
        {
            let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            let waits = watched.contains_key(&number);
            if !waits && watched.len() >= MOST_WATCHED {
                tracing::warn!("too many notifications are open, the buttons of the latest do nothing");
                return;
            }
            watched.insert(number, on);
            if waits {
                return;
            }
        }
        let (watched, chosen) = (self.watched.clone(), self.chosen.clone());
        let waiting = thread::Builder::new().name("notification".into()).spawn(move || {
            let mut key = None;
            handle.wait_for_action(|action| key = Some(action.to_owned()));
            let on = watched.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
            if let (Some(on), Some(action)) = (on, key.as_deref().and_then(NotificationAction::from_key)) {
                let ChosenOn { notification_id, fingerprint } = on;
                // Without a listener there is nothing to do.
                let _ = chosen.send(ChosenAction { notification_id, fingerprint, action });
            }
        });
        if let Err(error) = waiting {
            self.watched.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
            tracing::warn!(%error, "the buttons of a notification do nothing");
        }
    }
}

/// Text that a service which understands markup shows as it is.
fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
