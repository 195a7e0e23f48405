//! The evaluation of one rule: read its values, run the state machine and store the result.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use model::{Alert, AlertState, AlertTransition, HealthState, NANOS_PER_SECOND, TimeRange, Timestamp};
use parking_lot::Mutex;
use runtime::Clock;
use store::Store;

use crate::{
    AlertError, AlertRule, NoDataPolicy,
    evidence::EvidenceQueue,
    notify::pipeline::Pipeline,
    rules::{
        rule_set::RuleSet,
        rule_state::{RuleState, RuleStatus},
        state::evaluate,
        statistics::EvaluationCounters,
    },
    sources::{
        Observation,
        reader::{SourceReader, TickReader},
    },
};

/// Shortest and longest deadline of an evaluation, in seconds; between them it is the interval.
const DEADLINE_SECONDS: (u64, u64) = (5, 30);
/// Time for which resolved alerts stay in memory, in nanoseconds.
const RESOLVED_RETENTION: i64 = 86_400 * NANOS_PER_SECOND;
/// Time between two records of a pending alert that does not change, in nanoseconds.
const STORE_PENDING: i64 = 60 * NANOS_PER_SECOND;

/// Longest window of a rule that is not evaluated while records of two times are in it, in seconds.
/// A longer one would not be evaluated for hours.
const MAX_SKIPPED_WINDOW_SECONDS: u32 = 3600;

/// The evaluator of rules.
pub(crate) struct Evaluator {
    store: Store,
    clock: Clock,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) counters: Arc<EvaluationCounters>,
    evidence: EvidenceQueue,
    /// Time since which telemetry was received without a pause, as far as this process knows.
    receiving_since: Mutex<Timestamp>,
}

impl Evaluator {
    pub(crate) fn new(
        store: Store,
        rules: Arc<RuleSet>,
        pipeline: Arc<Pipeline>,
        evidence: EvidenceQueue,
        clock: Clock,
    ) -> Self {
        let (counters, receiving_since) = (Arc::default(), Mutex::new(clock.now()));
        Self { store, clock, rules, pipeline, counters, evidence, receiving_since }
    }

    /// Returns the reader that the evaluations at `now` of these rules share.
    pub(crate) fn tick_reader<'rules>(
        &self,
        rules: impl Iterator<Item = &'rules RuleState>,
        now: Timestamp,
    ) -> Option<TickReader> {
        let windows = rules.map(|state| {
            let status = state.status();
            let source = status.rule.source.as_source();
            source.reads_samples().then(|| source.window_seconds())
        });
        TickReader::of_windows(&self.store, windows.flatten(), now)
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

    /// Evaluates a rule at `now`: stores its transitions, and queues evidence and notifications. It
    /// reads through `tick` where it can.
    pub(crate) async fn evaluate(&self, state: &Arc<RuleState>, tick: Option<&TickReader>, now: Timestamp) {
        let (rule, previous) = state.rule_and_alerts();
        if self.is_of_two_times(&rule, now) {
            return;
        }
        let observed = self.observe(&rule, &previous, tick, now).await;
        let evaluating = state.evaluation_lock.lock().await;
        if state.status().rule != rule {
            return;
        }
        let evaluated = match observed {
            Ok(observed) => self.apply(state, &rule, observed, now).await,
            Err(error) => Err(error),
        };
        match evaluated {
            Ok(fired) => self.evidence.add(&rule, fired, now),
            Err(error) => {
                tracing::warn!(rule = %rule.name, %error, "rule evaluation failed, next try at its interval");
                let mut status = state.status();
                status.health = HealthState::Unhealthy;
                status.error = error.to_string();
                status.evaluated_at = Some(now);
            }
        }
        drop(evaluating);
        self.pipeline.spawn_notify(state, now);
    }

    /// Returns whether the clock was set within the window of a rule, or passed a part of it twice.
    /// A counter in it seems to fall, and records count double.
    fn is_of_two_times(&self, rule: &AlertRule, now: Timestamp) -> bool {
        let seconds = rule.source.as_source().window_seconds();
        let window = TimeRange::last(i64::from(seconds), now);
        seconds <= MAX_SKIPPED_WINDOW_SECONDS && self.clock.was_set_within(window)
    }

    async fn observe(
        &self,
        rule: &AlertRule,
        previous: &[Alert],
        tick: Option<&TickReader>,
        now: Timestamp,
    ) -> Result<Observation, AlertError> {
        let seconds = u64::from(rule.interval_seconds).clamp(DEADLINE_SECONDS.0, DEADLINE_SECONDS.1);
        let source = rule.source.as_source();
        let observing = async {
            if let Some(tick) = tick.filter(|tick| tick.covers(source))
                && let Ok(reader) = tick.reader().await
                && let Ok(observed) = source.observe(reader, previous, now).await
            {
                return Ok(observed);
            }
            // A read that failed ended the shared snapshot. It may have been that of another rule.
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
        let (_, before) = state.rule_and_alerts();
        let (mut alerts, transitions) = evaluate(&rule, &observed, &before, now);
        let known: HashMap<&str, &Alert> =
            before.iter().map(|alert| (alert.fingerprint.as_str(), alert)).collect();
        let changed: Vec<Alert> = alerts
            .iter()
            .filter(|alert| must_store(known.get(alert.fingerprint.as_str()).copied(), alert))
            .cloned()
            .collect();
        let fired = fired(&alerts, &transitions);
        self.store.history().record_alerts(changed, transitions).await?;
        alerts.extend(retained(&before, &alerts, now));
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
    let fired: HashSet<&str> = transitions
        .iter()
        .filter(|transition| transition.to == AlertState::Firing)
        .map(|transition| transition.fingerprint.as_str())
        .collect();
    if fired.is_empty() {
        return Vec::new();
    }
    alerts.iter().filter(|alert| fired.contains(alert.fingerprint.as_str())).cloned().collect()
}

/// Returns the earlier alerts that are not among the current ones and were resolved recently.
fn retained(before: &[Alert], current: &[Alert], now: Timestamp) -> Vec<Alert> {
    let present: HashSet<&str> = current.iter().map(|alert| alert.fingerprint.as_str()).collect();
    let is_recent = |old: &&Alert| old.resolved_at.is_some_and(|at| now.since(at) < RESOLVED_RETENTION);
    let is_absent = |old: &&Alert| !present.contains(old.fingerprint.as_str());
    before.iter().filter(is_recent).filter(is_absent).cloned().collect()
}

/// Replaces the alerts of a rule after an evaluation.
fn update_status(status: &mut RuleStatus, alerts: Vec<Alert>, unit: String, now: Timestamp) {
    status.alerts = Arc::new(alerts);
    status.unit = unit;
    status.health = HealthState::Healthy;
    status.error.clear();
    status.evaluated_at = Some(now);
}

/// Returns whether the state of an alert must be stored: it changed, or it is pending and was last
/// stored in an earlier minute. After a restart, time since the stored evaluation does not count
/// towards "for".
fn must_store(before: Option<&Alert>, alert: &Alert) -> bool {
    let Some(before) = before else { return true };
    let is_other_minute = before.evaluated_at.floor(STORE_PENDING) != alert.evaluated_at.floor(STORE_PENDING);
    if alert.state == AlertState::Pending && is_other_minute {
        return true;
    }
    let lasting = |alert: &Alert| {
        (alert.state, alert.active_since, alert.fired_at, alert.resolved_at, alert.acknowledged_at)
    };
    let of_rule = |alert: &'_ Alert| (alert.severity, alert.threshold.to_bits());
    lasting(before) != lasting(alert)
        || of_rule(before) != of_rule(alert)
        || (&before.rule_name, &before.unit) != (&alert.rule_name, &alert.unit)
}
