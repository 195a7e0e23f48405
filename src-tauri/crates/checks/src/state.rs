//! The state of one check between runs. It outlives changes of the check's settings.

use std::sync::atomic::{AtomicUsize, Ordering};

use model::{CheckResult, HealthState, Incident, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::secrets::Secret;

/// The state of one check.
#[derive(Default)]
pub(crate) struct CheckState {
    /// Held during a run: runs of one check follow one another.
    pub(crate) run_lock: tokio::sync::Mutex<()>,
    /// The secret once it was read: none before, `Some(None)` if the check has no secret.
    pub(crate) secret: tokio::sync::Mutex<Option<Option<Secret>>>,
    observed: Mutex<Observed>,
    waiting: AtomicUsize,
    hurry: Notify,
}

/// The observations of a check so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// The latest result.
    pub(crate) latest: Option<CheckResult>,
    /// The incident that has not ended.
    pub(crate) open_incident: Option<Incident>,
    /// The time at which the state of the latest result began; none until it was read from the
    /// store.
    pub(crate) since: Option<Timestamp>,
}

impl Observed {
    /// Returns whether the check is unhealthy already, so that a failure needs no confirmation.
    /// Unknown results do not end that.
    pub(crate) fn is_failing(&self) -> bool {
        match self.latest.as_ref().map(|latest| latest.state) {
            Some(HealthState::Unhealthy) => true,
            Some(HealthState::Unknown) => {
                self.open_incident.as_ref().is_some_and(|open| open.worst == HealthState::Unhealthy)
            }
            _ => false,
        }
    }

    /// Applies a recorded result and the incident that it changed, if any.
    pub(crate) fn apply(&mut self, result: CheckResult, changed: Option<Incident>) {
        if let Some(incident) = changed {
            self.open_incident = Some(incident).filter(|incident| incident.ended.is_none());
        }
        if self.latest.as_ref().is_none_or(|latest| latest.state != result.state) {
            self.since = Some(result.time);
        }
        self.latest = Some(result);
    }
}

impl CheckState {
    /// Creates the state of a check with the history `observed`.
    pub(crate) fn new(observed: Observed) -> Self {
        Self { observed: Mutex::new(observed), ..Self::default() }
    }

    /// Locks the observations. The guard must not be held across an await.
    pub(crate) fn observed(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock()
    }

    /// Registers a caller that waits for a result, until the guard is dropped.
    pub(crate) fn wait_for_result(&self) -> WaitingCaller<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.hurry.notify_waiters();
        WaitingCaller(self)
    }

    /// Returns once a caller waits for a result.
    pub(crate) async fn caller_waits(&self) {
        loop {
            let notified = self.hurry.notified();
            if self.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            notified.await;
        }
    }
}

/// A registered caller that waits for a result.
pub(crate) struct WaitingCaller<'a>(&'a CheckState);

impl Drop for WaitingCaller<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::verdict::incident_change;

    fn apply(observed: &mut Observed, time: i64, state: HealthState) {
        let result = CheckResult {
            check_id: "c".into(),
            time: Timestamp(time),
            state,
            duration: 1,
            message: String::new(),
            attempts: 1,
            measurements: BTreeMap::new(),
        };
        let changed = incident_change(observed.open_incident.as_ref(), &result);
        observed.apply(result, changed);
    }

    #[test]
    fn tracks_the_start_of_a_state_and_failing() {
        let mut observed = Observed::default();
        apply(&mut observed, 1, HealthState::Healthy);
        apply(&mut observed, 2, HealthState::Healthy);
        assert_eq!((observed.since, observed.is_failing()), (Some(Timestamp(1)), false));
        apply(&mut observed, 3, HealthState::Degraded);
        assert!(observed.open_incident.is_some() && !observed.is_failing());
        apply(&mut observed, 4, HealthState::Unhealthy);
        apply(&mut observed, 5, HealthState::Unknown);
        assert_eq!((observed.since, observed.is_failing()), (Some(Timestamp(5)), true));
        apply(&mut observed, 6, HealthState::Healthy);
        assert!(observed.open_incident.is_none() && !observed.is_failing());
    }
}
