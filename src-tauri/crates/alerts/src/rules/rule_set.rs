//! All rules in memory, and the times of their evaluations.

use std::{collections::BTreeMap, sync::Arc};

use model::{Alert, NANOS_PER_SECOND, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    AlertError, AlertRule,
    rules::rule_state::{ActiveCounts, RuleState},
};

/// Times within an interval at which its rules are evaluated. With more of them fewer rules are
/// late, but fewer share one read of the samples.
const SLOTS: u64 = 5;

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
    pub(crate) fn count_active(&self) -> ActiveCounts {
        let counts = self.lock().values().map(|rule| rule.count_active()).collect::<Vec<_>>();
        counts.into_iter().fold(ActiveCounts::default(), |total, count| ActiveCounts {
            pending: total.pending + count.pending,
            firing: total.firing + count.firing,
            acknowledged: total.acknowledged + count.acknowledged,
        })
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
    /// running and gets its next time, which is [`latest_time`] and an interval.
    pub(crate) fn take_due(&self, now: Timestamp) -> Vec<(Arc<RuleState>, Timestamp)> {
        let due = |rule: &Arc<RuleState>| {
            let mut status = rule.status();
            let interval = i64::from(status.rule.interval_seconds.max(1)) * NANOS_PER_SECOND;
            // After the clock was set back, the next time can be far in the future.
            let early = now < status.next && status.next.since(now) <= interval;
            if !status.rule.enabled || status.running || early {
                return None;
            }
            let latest = latest_time(&status.rule, now);
            let since = status.next.min(now).max(latest);
            status.running = true;
            status.next = latest.offset(interval);
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

/// Returns the latest regular time of a rule up to `now`: a multiple of its interval since the
/// epoch, with an offset of whole seconds that is the same after every start. Rules are spread over
/// their interval by their identifiers.
fn latest_time(rule: &AlertRule, now: Timestamp) -> Timestamp {
    let interval = u64::from(rule.interval_seconds.max(1));
    let slots = SLOTS.min(interval);
    let offset = (xxh3_64(rule.id.as_bytes()) % slots * interval / slots) as i64 * NANOS_PER_SECOND;
    now.offset(-offset).floor(interval as i64 * NANOS_PER_SECOND).offset(offset)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use model::{AlertSeverity, Comparator};

    use super::*;
    use crate::{CheckSource, NoDataPolicy};

    const START: Timestamp = Timestamp(1_700_000_041_500_000_000);

    /// Returns the rules of an interval, saved at [`START`].
    fn rules(count: usize, interval_seconds: u32) -> RuleSet {
        let rules = RuleSet::default();
        for number in 0..count {
            let rule = AlertRule {
                id: format!("rule-{number}"),
                name: String::new(),
                enabled: true,
                severity: AlertSeverity::Warning,
                source: CheckSource { check_id: None }.into(),
                comparator: Comparator::Above,
                threshold: 0.0,
                resolve_threshold: None,
                for_seconds: 0,
                interval_seconds,
                no_data: NoDataPolicy::KeepState,
                notify: false,
            };
            rules.insert(rule.id.clone(), RuleState::new(rule, Vec::new(), START));
        }
        rules
    }

    /// Takes the rules due at `now`, and ends their evaluations. Returns their identifiers and how
    /// long they were due.
    fn evaluate(rules: &RuleSet, now: Timestamp) -> Vec<(String, i64)> {
        let due = rules.take_due(now).into_iter();
        due.map(|(rule, since)| {
            let mut status = rule.status();
            status.running = false;
            (status.rule.id.clone(), now.since(since))
        })
        .collect()
    }

    #[test]
    fn rules_are_evaluated_at_once_and_then_spread_over_their_interval() {
        for (interval, expected_slots) in [(1, 1), (3, 3), (15, 5), (60, 5)] {
            let rules = rules(1000, interval);
            assert_eq!(evaluate(&rules, START).len(), 1000);
            let mut times: HashMap<String, Vec<Timestamp>> = HashMap::new();
            let mut now = START;
            while let Some(next) =
                rules.next_due(now).filter(|next| next.since(START) < 600 * NANOS_PER_SECOND)
            {
                now = next;
                for (id, late) in evaluate(&rules, now) {
                    assert_eq!(late, 0);
                    times.entry(id).or_default().push(now);
                }
            }
            let nanos = i64::from(interval) * NANOS_PER_SECOND;
            let mut slots: HashMap<i64, usize> = HashMap::new();
            for times in times.values() {
                assert_eq!(times.len() as i64, 600 * NANOS_PER_SECOND / nanos);
                assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) == nanos), "{times:?}");
                *slots.entry(times[0].0 % nanos).or_default() += 1;
            }
            assert_eq!(slots.len(), expected_slots);
            assert!(slots.values().all(|rules| *rules < 2 * 1000 / expected_slots), "{slots:?}");
            assert!(slots.keys().all(|offset| offset % NANOS_PER_SECOND == 0));
        }
    }

    #[test]
    fn a_rule_has_the_same_offset_after_a_start_and_is_late_since_its_own_time() {
        let time = |rules: &RuleSet| {
            evaluate(rules, START);
            rules.next_due(START).unwrap()
        };
        let first = rules(1, 60);
        let due = time(&first);
        assert_eq!(time(&rules(1, 60)), due);
        let late = 7 * NANOS_PER_SECOND;
        assert_eq!(evaluate(&first, due.offset(late)), [("rule-0".to_owned(), late)]);
        assert_eq!(first.next_due(due), Some(due.offset(60 * NANOS_PER_SECOND)));
    }

    #[test]
    fn a_clock_set_back_delays_a_rule_by_its_interval_at_most() {
        let rules = rules(50, 60);
        evaluate(&rules, START);
        let back = START.offset(-3600 * NANOS_PER_SECOND);
        assert_eq!(evaluate(&rules, back).len(), 50);
        assert!(rules.next_due(back).unwrap().since(back) <= 60 * NANOS_PER_SECOND);
    }
}
