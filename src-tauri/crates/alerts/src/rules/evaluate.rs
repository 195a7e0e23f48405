//! The evaluation of one rule: read its values, run the state machine, store and notify.

use std::{sync::Arc, time::Duration};

use model::{Alert, AlertState, AlertTransition, HealthState, NANOS_PER_SECOND, TimeRange, Timestamp};
use parking_lot::Mutex;
use store::Store;

use crate::{
    AlertError, AlertRule, NoDataPolicy,
    evidence::spawn_capture,
    notify::pipeline::Pipeline,
    rules::{
        rule_set::RuleSet,
        rule_state::{RuleState, RuleStatus},
        state::evaluate,
        statistics::EvaluationCounters,
    },
    sources::{Observation, reader::SourceReader},
};

/// Shortest and longest deadline of an evaluation, in seconds; between them it is the interval.
const DEADLINE_SECONDS: (u64, u64) = (5, 30);
/// Time for which resolved alerts stay in memory, in nanoseconds.
const RESOLVED_RETENTION: i64 = 86_400 * NANOS_PER_SECOND;

/// The evaluator of rules.
pub(crate) struct Evaluator {
    store: Store,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) counters: Arc<EvaluationCounters>,
    /// Time since which telemetry was received without a pause, as far as this process knows.
    receiving_since: Mutex<Timestamp>,
}

impl Evaluator {
    pub(crate) fn new(store: Store, rules: Arc<RuleSet>, pipeline: Arc<Pipeline>, now: Timestamp) -> Self {
        let counters = Arc::default();
        Self { store, rules, pipeline, counters, receiving_since: Mutex::new(now) }
    }

    /// Loads rules, alerts, silences and notifications from the store.
    pub(crate) async fn load(&self, now: Timestamp) -> Result<(), AlertError> {
        let rules: Vec<AlertRule> = self.store.history().rules().await?;
        let alerts = self.store.history().alerts().await?;
        self.pipeline.load(&alerts, now).await?;
        for rule in rules {
            let of_rule = alerts.iter().filter(|alert| alert.rule_id == rule.id).cloned().collect();
            self.rules.insert(rule.id.clone(), RuleState::new(rule, of_rule, now));
        }
        Ok(())
    }

    /// Restarts the time in which windows fill, after the machine slept.
    pub(crate) fn restart_windows(&self, now: Timestamp) {
        *self.receiving_since.lock() = now;
    }

    /// Evaluates a rule: stores its transitions, captures evidence and sends notifications.
    pub(crate) async fn evaluate(&self, state: &Arc<RuleState>, now: Timestamp) {
        let (rule, previous) = state.rule_and_alerts();
        let observed = self.observe(&rule, &previous, now).await;
        let evaluating = state.evaluation_lock.lock().await;
        if state.status().rule != rule {
            return;
        }
        let evaluated = match observed {
            Ok(observed) => self.apply(state, &rule, observed, now).await,
            Err(error) => Err(error),
        };
        match evaluated {
            Ok(fired) => {
                for alert in fired {
                    spawn_capture(self.store.clone(), rule.clone(), alert, now);
                }
            }
            Err(error) => {
                tracing::warn!(rule = %rule.name, %error, "rule evaluation failed, next try at its interval");
                let mut status = state.status();
                status.health = HealthState::Unhealthy;
                status.error = error.to_string();
                status.evaluated_at = Some(now);
            }
        }
        drop(evaluating);
        self.pipeline.notify(state, now).await;
    }

    async fn observe(
        &self,
        rule: &AlertRule,
        previous: &[Alert],
        now: Timestamp,
    ) -> Result<Observation, AlertError> {
        let seconds = u64::from(rule.interval_seconds).clamp(DEADLINE_SECONDS.0, DEADLINE_SECONDS.1);
        let source = rule.source.as_source();
        let observing = async {
            let window = TimeRange::last(i64::from(source.window_seconds()), now);
            source.observe(&SourceReader::open(&self.store, window).await?, previous, now).await
        };
        match tokio::time::timeout(Duration::from_secs(seconds), observing).await {
            Ok(observed) => observed,
            Err(_) => Err(AlertError::Deadline { seconds }),
        }
    }

    /// Runs the state machine and stores the result. Returns the alerts that began to fire.
    async fn apply(
        &self,
        state: &RuleState,
        rule: &AlertRule,
        observed: Observation,
        now: Timestamp,
    ) -> Result<Vec<Alert>, AlertError> {
        let rule = self.with_unfilled_window(rule, now);
        let before = state.status().alerts.clone();
        let (alerts, transitions) = evaluate(&rule, &observed, &before, now);
        if !transitions.is_empty() || !alerts.iter().all(|alert| is_unchanged(&before, alert)) {
            self.store.history().record_alerts(alerts.clone(), transitions.clone()).await?;
        }
        let fired = fired(&alerts, &transitions);
        update_status(&mut state.status(), alerts, observed.unit, now);
        Ok(fired)
    }

    /// Returns the rule with missing data ignored while its window is not filled after a start or a
    /// sleep.
    fn with_unfilled_window(&self, rule: &AlertRule, now: Timestamp) -> AlertRule {
        let since = *self.receiving_since.lock();
        let window = i64::from(rule.source.as_source().window_seconds()) + i64::from(rule.interval_seconds);
        let is_filled = now.since(since) >= window * NANOS_PER_SECOND;
        AlertRule { no_data: if is_filled { rule.no_data } else { NoDataPolicy::KeepState }, ..rule.clone() }
    }
}

fn fired(alerts: &[Alert], transitions: &[AlertTransition]) -> Vec<Alert> {
    transitions
        .iter()
        .filter(|transition| transition.to == AlertState::Firing)
        .filter_map(|transition| alerts.iter().find(|alert| alert.fingerprint == transition.fingerprint))
        .cloned()
        .collect()
}

/// Replaces the alerts of a rule; recently resolved ones are retained.
fn update_status(status: &mut RuleStatus, alerts: Vec<Alert>, unit: String, now: Timestamp) {
    let is_absent = |old: &Alert| !alerts.iter().any(|new| new.fingerprint == old.fingerprint);
    let is_recent = |old: &Alert| old.resolved_at.is_some_and(|at| now.since(at) < RESOLVED_RETENTION);
    let retained: Vec<Alert> =
        status.alerts.iter().filter(|old| is_absent(old) && is_recent(old)).cloned().collect();
    status.alerts = alerts;
    status.alerts.extend(retained);
    status.unit = unit;
    status.health = HealthState::Healthy;
    status.error.clear();
    status.evaluated_at = Some(now);
}

/// Returns whether an alert was inactive before and still is, so that it need not be stored again.
fn is_unchanged(before: &[Alert], alert: &Alert) -> bool {
    alert.state == AlertState::Inactive
        && before.iter().any(|old| old.fingerprint == alert.fingerprint && old.state == alert.state)
}
