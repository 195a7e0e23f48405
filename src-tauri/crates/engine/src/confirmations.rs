//! Changes that a browser requests and that a person on this machine allows or refuses.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use alerts::{AlertService, ChosenAction, NotificationAction};
use model::{Confirmation, Timestamp, visible_line};
use parking_lot::Mutex;
use rand::Rng as _;
use runtime::Clock;
use tokio::sync::{broadcast, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Time a person has to answer.
const LIFETIME: Duration = Duration::from_secs(120);
/// Maximum number of unanswered requests within [`LIFETIME`]. Withdrawn ones count, so that a
/// browser cannot flood the desktop with notifications.
const MAX_REQUESTS: usize = 8;
/// Maximum length of the effects of one request in bytes.
const MAX_EFFECTS_LENGTH: usize = 16 << 10;
/// Length in characters up to which a notification shows the effects. A longer text has no buttons,
/// so that only what was shown can be allowed.
const MAX_NOTIFIED_LENGTH: usize = 400;

/// The reason why a change was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmationError {
    /// The person refused it.
    #[error("the change was refused on the machine of Binnacle; nothing was changed")]
    Refused,
    /// No answer came in time.
    #[error("the change was not confirmed within 2 minutes; nothing was changed")]
    Expired,
    /// Too many requests are unanswered.
    #[error(
        "{MAX_REQUESTS} changes were requested within 2 minutes; answer them on the machine, or try again later"
    )]
    TooMany,
    /// A person cannot read the effects.
    #[error("the change is too large to be confirmed; edit the settings file on the machine")]
    TooLong,
}

/// A notification about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    id: String,
    body: String,
    buttons: bool,
}

/// The changes that wait for a confirmation. Clones share them.
#[derive(Clone)]
pub struct Confirmations {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    notify: Box<dyn Fn(Notice) + Send + Sync>,
    requests: Mutex<Vec<Request>>,
    pending: watch::Sender<Vec<Confirmation>>,
}

struct Request {
    confirmation: Confirmation,
    notification: String,
    ends: Instant,
    /// None once the request is withdrawn.
    answer: Option<oneshot::Sender<bool>>,
}

/// Withdraws a request when it is dropped before its answer.
struct Withdrawal<'a> {
    shared: &'a Shared,
    notification: String,
}

impl Drop for Withdrawal<'_> {
    fn drop(&mut self) {
        let mut requests = self.shared.requests.lock();
        if let Some(request) = requests.iter_mut().find(|one| one.notification == self.notification) {
            request.answer = None;
            self.shared.publish(&requests);
        }
    }
}

impl Shared {
    fn publish(&self, requests: &[Request]) {
        let waiting = requests.iter().filter(|request| request.answer.is_some());
        self.pending.send_replace(waiting.map(|request| request.confirmation.clone()).collect());
    }

    /// Answers the first request that matches. Returns false if none waits.
    fn answer(&self, allowed: bool, matches: impl Fn(&Request) -> bool) -> bool {
        let mut requests = self.requests.lock();
        let now = self.clock.instant();
        let waits = |one: &Request| one.answer.is_some() && now < one.ends && matches(one);
        let Some(index) = requests.iter().position(waits) else { return false };
        let request = requests.remove(index);
        self.publish(&requests);
        let Confirmation { id, requested_by, .. } = &request.confirmation;
        tracing::info!(%id, requested_by, allowed, "a change was answered on this machine");
        request.answer.is_some_and(|answer| answer.send(allowed).is_ok())
    }
}

impl Confirmations {
    /// Returns confirmations whose requests are notified through `alerts`.
    pub(crate) fn new(clock: Clock, alerts: AlertService) -> Self {
        Self::with_notify(clock, move |Notice { id, body, buttons }| {
            let alerts = alerts.clone();
            tokio::spawn(async move {
                if let Err(error) = alerts.request_confirmation(id, body, buttons).await {
                    tracing::warn!(%error, "notification of a change not stored, the change waits still");
                }
            });
        })
    }

    fn with_notify(clock: Clock, notify: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        let shared = Shared {
            clock,
            notify: Box::new(notify),
            requests: Mutex::default(),
            pending: watch::Sender::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Requests a confirmation and waits until it is given. `effects` are those of the change in
    /// plain words. A request that is dropped is withdrawn.
    pub async fn request(&self, effects: &[String], requested_by: &str) -> Result<(), ConfirmationError> {
        let (notice, answer) = self.begin(effects, requested_by)?;
        let _withdrawal = Withdrawal { shared: &self.shared, notification: notice.id.clone() };
        (self.shared.notify)(notice);
        match self.shared.clock.timeout(LIFETIME, answer).await {
            Ok(Ok(true)) => Ok(()),
            Ok(_) => Err(ConfirmationError::Refused),
            Err(_) => Err(ConfirmationError::Expired),
        }
    }

    fn begin(
        &self,
        effects: &[String],
        requested_by: &str,
    ) -> Result<(Notice, oneshot::Receiver<bool>), ConfirmationError> {
        if effects.iter().map(String::len).sum::<usize>() > MAX_EFFECTS_LENGTH {
            return Err(ConfirmationError::TooLong);
        }
        let (now, started) = (self.shared.clock.instant(), self.shared.clock.now());
        let mut requests = self.shared.requests.lock();
        requests.retain(|request| now < request.ends);
        if requests.len() >= MAX_REQUESTS {
            return Err(ConfirmationError::TooMany);
        }
        let confirmation = Confirmation {
            id: new_id(&requests),
            effects: effects.iter().map(|effect| visible_line(effect).into_owned()).collect(),
            requested_by: visible_line(requested_by).into_owned(),
            expires_at: started.offset(i64::try_from(LIFETIME.as_nanos()).unwrap_or(i64::MAX)),
        };
        tracing::info!(
            id = %confirmation.id, effects = ?confirmation.effects, requested_by = %confirmation.requested_by,
            "a change waits for a confirmation"
        );
        let notice = notice(&confirmation, started);
        let (answer, answered) = oneshot::channel();
        requests.push(Request {
            confirmation,
            notification: notice.id.clone(),
            ends: now + LIFETIME,
            answer: Some(answer),
        });
        self.shared.publish(&requests);
        Ok((notice, answered))
    }

    /// Allows the change with this id. Returns false if none waits.
    pub fn confirm(&self, id: &str) -> bool {
        self.shared.answer(true, |request| request.confirmation.id == id)
    }

    /// Refuses the change with this id. Returns false if none waits.
    pub fn refuse(&self, id: &str) -> bool {
        self.shared.answer(false, |request| request.confirmation.id == id)
    }

    /// Returns the changes that wait.
    pub fn pending(&self) -> Vec<Confirmation> {
        self.shared.pending.borrow().clone()
    }

    /// Returns a receiver of the changes that wait, and of every later list.
    pub fn watch(&self) -> watch::Receiver<Vec<Confirmation>> {
        self.shared.pending.subscribe()
    }

    /// Follows the buttons of notifications until `stop` is cancelled.
    pub(crate) async fn follow(self, mut chosen: broadcast::Receiver<ChosenAction>, stop: CancellationToken) {
        loop {
            let action = tokio::select! {
                () = stop.cancelled() => return,
                action = chosen.recv() => action,
            };
            match action {
                Ok(chosen) => self.choose(&chosen),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn choose(&self, chosen: &ChosenAction) {
        let allowed = match chosen.action {
            NotificationAction::Allow => true,
            NotificationAction::Refuse => false,
            _ => return,
        };
        // A notification stays on the screen longer than its request, whose id may be used again.
        self.shared.answer(allowed, |request| request.notification == chosen.notification_id);
    }
}

/// Returns six digits that no request has.
fn new_id(requests: &[Request]) -> String {
    loop {
        let id = format!("{:06}", rand::rng().random_range(0..1_000_000));
        if requests.iter().all(|request| request.confirmation.id != id) {
            return id;
        }
    }
}

fn notice(confirmation: &Confirmation, now: Timestamp) -> Notice {
    let Confirmation { id, effects, requested_by, .. } = confirmation;
    let text = effects.join("\n");
    let buttons = text.chars().count() <= MAX_NOTIFIED_LENGTH;
    let mut body: String = text.chars().take(MAX_NOTIFIED_LENGTH).collect();
    if !buttons {
        body.push('…');
    }
    // Writing to a text cannot fail.
    let _ = write!(body, "\nRequested by {requested_by}.\n");
    body.push_str(if buttons {
        "Allow it here, or run "
    } else {
        "Open the window to read all of it, or run "
    });
    let _ = write!(body, "binnacle-cli confirm {id}");
    Notice { id: format!("confirmation-{id}-{}", now.0), body, buttons }
}

#[cfg(test)]
mod tests;
