//! All rules in memory, and the times of their evaluations.

use std::{collections::BTreeMap, sync::Arc};

use model::{Alert, NANOS_PER_SECOND, Timestamp};
use parking_lot::{Mutex, MutexGuard};

use crate::{AlertError, rules::rule_state::RuleState};

/// The rules by identifier.
#[derive(Default)]
pub(crate) struct RuleSet {
    rules: Mutex<BTreeMap<String, Arc<RuleState>>>,
}

impl RuleSet {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<RuleState>>> {
        self.rules.lock()
    }

    /// Returns the current rules.
    pub(crate) fn all(&self) -> BTreeMap<String, Arc<RuleState>> {
        self.lock().clone()
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    pub(crate) fn insert(&self, id: String, rule: Arc<RuleState>) {
        self.lock().insert(id, rule);
    }

    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Returns the pending and firing alerts of every rule.
    pub(crate) fn active_alerts(&self) -> Vec<Alert> {
        self.all().values().flat_map(|rule| rule.active()).collect()
    }

    /// Returns the numbers of pending and firing alerts of every rule.
    pub(crate) fn count_active(&self) -> (usize, usize) {
        let counts = self.lock().values().map(|rule| rule.count_active()).collect::<Vec<_>>();
        counts.into_iter().fold((0, 0), |total, count| (total.0 + count.0, total.1 + count.1))
    }

    /// Returns an alert with the state of its rule.
    pub(crate) fn find_alert(&self, fingerprint: &str) -> Result<(Arc<RuleState>, Alert), AlertError> {
        let missing = || AlertError::NotFound { kind: "alert", id: fingerprint.to_owned() };
        let of_rule = |rule: Arc<RuleState>| {
            let found = rule.status().alerts.iter().find(|alert| alert.fingerprint == fingerprint).cloned();
            found.map(|alert| (rule, alert))
        };
        self.all().into_values().find_map(of_rule).ok_or_else(missing)
    }

    /// Returns the rules due at `now`, each with the time since when it is. Each is marked as
    /// running and gets its next time, a multiple of its interval since the epoch.
    pub(crate) fn take_due(&self, now: Timestamp) -> Vec<(Arc<RuleState>, Timestamp)> {
        let due = |rule: &Arc<RuleState>| {
            let mut status = rule.status();
            let interval = i64::from(status.rule.interval_seconds.max(1)) * NANOS_PER_SECOND;
            // After the clock was set back, the next time can be far in the future.
            let early = now < status.next && status.next.since(now) <= interval;
            if !status.rule.enabled || status.running || early {
                return None;
            }
            let since = status.next.min(now).max(now.floor(interval));
            status.running = true;
            status.next = now.floor(interval).offset(interval);
            Some((Arc::clone(rule), since))
        };
        self.lock().values().filter_map(due).collect()
    }

    /// Returns the time of the next evaluation of any rule after `now`, or of one that waits.
    pub(crate) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let next = |rule: &Arc<RuleState>| {
            let status = rule.status();
            // One that still runs at its time is started at its end.
            let waits = !status.running || status.next > now;
            (status.rule.enabled && waits).then_some(status.next)
        };
        self.lock().values().filter_map(next).min()
    }
}
