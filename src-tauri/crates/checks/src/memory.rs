//! What is known of one check between looks. It outlives changes to the check itself.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use model::{CheckResult, HealthState, Incident, Timestamp};
use tokio::sync::Notify;

use crate::secrets::Secret;

/// What is known of one check.
#[derive(Default)]
pub(crate) struct Memory {
    /// Held during a look: looks at one check follow each other.
    pub(crate) looking: tokio::sync::Mutex<()>,
    /// The secret once it was read: none before, `Some(None)` if there is none.
    pub(crate) secret: tokio::sync::Mutex<Option<Option<Secret>>>,
    known: Mutex<Known>,
    waiting: AtomicUsize,
    hurry: Notify,
}

/// What the looks found so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The latest result.
    pub(crate) latest: Option<CheckResult>,
    /// The incident that is not over.
    pub(crate) open: Option<Incident>,
    /// Since when the state is that of the latest result; none before that was looked up.
    pub(crate) since: Option<Timestamp>,
}

impl Known {
    /// Whether the check is unhealthy already, so that a failure needs no confirmation. Time that could
    /// not be observed does not end that.
    pub(crate) fn is_failing(&self) -> bool {
        match self.latest.as_ref().map(|latest| latest.state) {
            Some(HealthState::Unhealthy) => true,
            Some(HealthState::Unknown) => {
                self.open.as_ref().is_some_and(|open| open.worst == HealthState::Unhealthy)
            }
            _ => false,
        }
    }

    /// Takes in a result that was recorded, with what it changed about the incident.
    pub(crate) fn take_in(&mut self, result: CheckResult, change: Option<Incident>) {
        if let Some(incident) = change {
            self.open = Some(incident).filter(|incident| incident.ended.is_none());
        }
        if self.latest.as_ref().is_none_or(|latest| latest.state != result.state) {
            self.since = Some(result.time);
        }
        self.latest = Some(result);
    }
}

impl Memory {
    /// The memory of a check whose history is `known`.
    pub(crate) fn new(known: Known) -> Self {
        Self { known: Mutex::new(known), ..Self::default() }
    }

    /// What is known, to read or to change; never held across an await.
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that somebody waits for a result, until the guard is dropped.
    pub(crate) fn wait_for_result(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.hurry.notify_waiters();
        Waiting(self)
    }

    /// Returns once somebody waits for a result.
    pub(crate) async fn somebody_waits(&self) {
        loop {
            let notified = self.hurry.notified();
            if self.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Somebody waits for a result.
pub(crate) struct Waiting<'a>(&'a Memory);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::incident_change;

    fn take(known: &mut Known, time: i64, state: HealthState) {
        let result = CheckResult {
            check_id: "c".into(),
            time: Timestamp(time),
            state,
            duration: 1,
            message: String::new(),
            attempts: 1,
            measurements: BTreeMap::new(),
        };
        let change = incident_change(known.open.as_ref(), &result);
        known.take_in(result, change);
    }

    #[test]
    fn remembers_since_when_and_whether_it_fails() {
        let mut known = Known::default();
        take(&mut known, 1, HealthState::Healthy);
        take(&mut known, 2, HealthState::Healthy);
        assert_eq!((known.since, known.is_failing()), (Some(Timestamp(1)), false));
        take(&mut known, 3, HealthState::Degraded);
        assert!(known.open.is_some() && !known.is_failing());
        take(&mut known, 4, HealthState::Unhealthy);
        take(&mut known, 5, HealthState::Unknown);
        assert_eq!((known.since, known.is_failing()), (Some(Timestamp(5)), true));
        take(&mut known, 6, HealthState::Healthy);
        assert!(known.open.is_none() && !known.is_failing());
    }
}
