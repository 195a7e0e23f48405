//! The alerting service: rules, alerts, silences and notifications.

use std::sync::Arc;

use model::{
    Alert, AlertCounts, AlertState, HealthState, Notification, NotificationKind, Silence, TimeRange,
    Timestamp,
};
use runtime::Clock;
use store::Store;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    AlertError, AlertRule, Channels, ChosenAction, NotificationAction, OpenedAlert, RuleBacktest,
    RuleOverview,
    evidence::EvidenceQueue,
    notify::{
        action::Actions,
        description,
        pipeline::{DirectNotification, Pipeline},
    },
    rules::{
        backtest::backtest,
        evaluate::Evaluator,
        rule_set::RuleSet,
        rule_state::RuleState,
        scheduler::Scheduler,
        state::end_all,
        statistics::{EvaluationCounters, EvaluationStatistics},
        validate::validate,
    },
    sources::reader::SourceReader,
};

/// The alerting service. Clones share one state.
#[derive(Clone)]
pub struct AlertService {
    store: Store,
    clock: Clock,
    rules: Arc<RuleSet>,
    pipeline: Arc<Pipeline>,
    actions: Arc<Actions>,
    counters: Arc<EvaluationCounters>,
    wake: Arc<Notify>,
    ready: watch::Receiver<bool>,
}

impl AlertService {
    /// Starts evaluating the stored rules until `stop` is cancelled. Must be called inside a Tokio
    /// runtime. Alerts that were notified before a restart are not notified again.
    pub fn start(store: Store, channels: Channels, clock: Clock, stop: CancellationToken) -> Self {
        let rules = Arc::new(RuleSet::default());
        let pipeline = Arc::new(Pipeline::new(store.clone(), channels));
        let actions = Arc::new(Actions::new(store.clone(), rules.clone(), pipeline.clone()));
        let wake = Arc::new(Notify::new());
        let (ready_sender, ready) = watch::channel(false);
        let evidence = EvidenceQueue::start(store.clone(), clock.clone(), stop.clone());
        let evaluator =
            Evaluator::new(store.clone(), rules.clone(), pipeline.clone(), evidence, clock.clone());
        let counters = evaluator.counters.clone();
        let scheduler = Scheduler {
            evaluator: Arc::new(evaluator),
            actions: actions.clone(),
            clock: clock.clone(),
            wake: wake.clone(),
            ready: ready_sender,
        };
        tokio::spawn(scheduler.run(stop));
        Self { store, clock, rules, pipeline, actions, counters, wake, ready }
    }

    /// Waits until the stored rules are loaded.
    async fn ready(&self) -> Result<(), AlertError> {
        let mut ready = self.ready.clone();
        ready.wait_for(|ready| *ready).await.map(drop).map_err(|_| AlertError::Stopped)
    }

    /// Returns a reader of checks, without a range of telemetry.
    async fn reader(&self) -> Result<SourceReader, AlertError> {
        SourceReader::open(&self.store, TimeRange::last(0, self.clock.now())).await
    }

    /// Saves a rule and evaluates it at once. A new rule gets an identifier; names are unique. The
    /// alerts of a disabled rule and of a rule with a changed source end.
    pub async fn save_rule(&self, mut rule: AlertRule) -> Result<AlertRule, AlertError> {
        self.ready().await?;
        rule.name = rule.name.trim().to_owned();
        validate(&rule)?;
        let known = self.rules.all();
        let has_name =
            |state: &Arc<RuleState>| state.status().rule.name.to_lowercase() == rule.name.to_lowercase();
        if known.iter().any(|(id, state)| *id != rule.id && has_name(state)) {
            return Err(AlertError::Invalid(format!("a rule named “{}” already exists", rule.name)));
        }
        rule.source.as_source().check_references(&self.reader().await?).await?;
        let now = self.clock.now();
        if rule.id.is_empty() {
            let digest = xxhash_rust::xxh3::xxh3_64(format!("{}\n{}", rule.name, now.0).as_bytes());
            rule.id = format!("rule-{digest:016x}");
        }
        match known.get(&rule.id) {
            Some(state) => self.replace_rule(state, &rule, now).await?,
            None => {
                self.store.history().put_rule(&rule.id, &rule).await?;
                self.rules.insert(rule.id.clone(), RuleState::new(rule.clone(), Vec::new(), now));
            }
        }
        self.wake.notify_one();
        Ok(rule)
    }

    async fn replace_rule(
        &self,
        state: &RuleState,
        rule: &AlertRule,
        now: Timestamp,
    ) -> Result<(), AlertError> {
        let evaluating = state.evaluation_lock.lock().await;
        self.store.history().put_rule(&rule.id, rule).await?;
        let (before, alerts) = state.rule_and_alerts();
        let mut alerts = Arc::unwrap_or_clone(alerts);
        let end_reason = match (rule.enabled, before.source == rule.source) {
            (false, _) => Some("the rule was disabled"),
            (true, false) => Some("the rule's source changed"),
            (true, true) => None,
        };
        if let Some(reason) = end_reason {
            let (ended, transitions) = end_all(&alerts, now, reason);
            if !transitions.is_empty() {
                self.store.history().record_alerts(ended.clone(), transitions).await?;
            }
            alerts = ended;
        }
        {
            let mut status = state.status();
            status.rule = rule.clone();
            status.alerts = Arc::new(alerts);
            status.next = now;
            status.health = HealthState::Unknown;
            status.error.clear();
        }
        drop(evaluating);
        self.pipeline.notify(state, now).await;
        Ok(())
    }

    /// Deletes a rule and its alerts. Returns false if it does not exist.
    pub async fn delete_rule(&self, id: &str) -> Result<bool, AlertError> {
        self.ready().await?;
        let state = self.rules.all().remove(id);
        let _evaluating = match &state {
            Some(state) => Some(state.evaluation_lock.lock().await),
            None => None,
        };
        let is_stored = self.store.history().delete_rule(id).await?;
        self.rules.remove(id);
        if let Some(state) = &state {
            let mut status = state.status();
            // A running evaluation sees a different rule and drops its result.
            status.rule.id.clear();
            let deleted = std::mem::take(&mut status.alerts);
            let deleted: Vec<String> = deleted.iter().map(|alert| alert.fingerprint.clone()).collect();
            self.pipeline.remove(&deleted);
        }
        self.pipeline.silences.end_resolved(id, &[], self.clock.now()).await;
        Ok(is_stored || state.is_some())
    }

    /// Returns every rule as it was saved.
    pub(crate) async fn stored_rules(&self) -> Result<Vec<AlertRule>, AlertError> {
        self.ready().await?;
        Ok(self.rules.all().values().map(|state| state.status().rule.clone()).collect())
    }

    /// Returns every rule with its current state, by name.
    pub async fn rules(&self) -> Result<Vec<RuleOverview>, AlertError> {
        self.ready().await?;
        let reader = self.reader().await?;
        let mut rules = Vec::new();
        for state in self.rules.all().values() {
            let active = state.active();
            let count = |state| active.iter().filter(|alert| alert.state == state).count();
            let mut overview = {
                let status = state.status();
                RuleOverview {
                    rule: status.rule.clone(),
                    state: worst(count(AlertState::Pending), count(AlertState::Firing)),
                    active,
                    health: if status.rule.enabled { status.health } else { HealthState::Unknown },
                    error: status.error.clone(),
                    evaluated_at: status.evaluated_at,
                    description: String::new(),
                }
            };
            let unit = state.status().unit.clone();
            overview.description = description::describe_rule(&reader, &overview.rule, &unit).await?;
            rules.push(overview);
        }
        rules.sort_by_key(|overview| overview.rule.name.to_lowercase());
        Ok(rules)
    }

    /// Returns the pending and firing alerts: firing, then severe, then recent ones first.
    pub async fn alerts(&self) -> Result<Vec<Alert>, AlertError> {
        self.ready().await?;
        let mut alerts = self.rules.active_alerts();
        let rank = |alert: &Alert| (alert.state == AlertState::Firing, alert.severity, alert.active_since);
        alerts.sort_by_key(|alert| std::cmp::Reverse(rank(alert)));
        Ok(alerts)
    }

    /// Returns the numbers of pending and firing alerts.
    pub fn counts(&self) -> AlertCounts {
        let active = self.rules.count_active();
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        AlertCounts {
            firing: count(active.firing),
            acknowledged: count(active.acknowledged),
            pending: count(active.pending),
            worst: worst(active.pending, active.firing),
        }
    }

    /// Returns the counts of evaluations, with the longest lateness since the last call.
    pub fn evaluation_statistics(&self) -> EvaluationStatistics {
        self.counters.read()
    }

    /// Evaluates a rule over a past range. The rule need not be saved or named.
    pub async fn backtest(&self, rule: &AlertRule, range: TimeRange) -> Result<RuleBacktest, AlertError> {
        let named = AlertRule {
            name: if rule.name.trim().is_empty() { "new rule".to_owned() } else { rule.name.clone() },
            ..rule.clone()
        };
        validate(&named)?;
        backtest(&SourceReader::open(&self.store, range).await?, &named, range).await
    }

    /// Acknowledges a firing alert, or takes it back.
    pub async fn acknowledge(&self, fingerprint: &str, acknowledged: bool) -> Result<Alert, AlertError> {
        self.ready().await?;
        let at = acknowledged.then(|| self.clock.now());
        let acknowledged = self.actions.acknowledge(&[fingerprint.to_owned()], at).await?;
        let missing = || AlertError::NotFound { kind: "alert", id: fingerprint.to_owned() };
        acknowledged.into_iter().next().ok_or_else(missing)
    }

    /// Returns the silences, past ones included.
    pub async fn silences(&self) -> Result<Vec<Silence>, AlertError> {
        self.ready().await?;
        Ok(self.pipeline.silences.list())
    }

    /// Saves a silence; a new one gets an identifier.
    pub async fn save_silence(&self, silence: Silence) -> Result<Silence, AlertError> {
        self.ready().await?;
        if let Some(rule) = &silence.rule_id
            && !self.rules.contains(rule)
        {
            return Err(AlertError::NotFound { kind: "rule", id: rule.clone() });
        }
        self.pipeline.silences.save(silence, self.clock.now()).await
    }

    /// Deletes a silence, which ends it. Returns false if it does not exist.
    pub async fn delete_silence(&self, id: &str) -> Result<bool, AlertError> {
        self.ready().await?;
        self.pipeline.silences.delete(id).await
    }

    /// Mutes all alerts until a time; none ends the mute. A mute survives restarts.
    pub async fn mute(&self, until: Option<Timestamp>) -> Result<(), AlertError> {
        self.ready().await?;
        self.pipeline.silences.mute(until, self.clock.now()).await
    }

    /// Returns the end of the current mute.
    pub fn muted_until(&self) -> Option<Timestamp> {
        self.pipeline.silences.muted_until(self.clock.now())
    }

    /// Sends a test notification and returns it with its outcome.
    pub async fn test_notification(&self) -> Result<Notification, AlertError> {
        let now = self.clock.now();
        let test = DirectNotification {
            id: format!("test-{}", now.0),
            kind: NotificationKind::Test,
            title: "Binnacle test".to_owned(),
            body: "Notifications from Binnacle arrive here.".to_owned(),
            actions: &[],
        };
        self.pipeline.send_direct(test, now).await
    }

    /// Sends a notification about a change that waits for a confirmation. With `buttons` it offers
    /// to allow and to refuse the change. Returns it with its outcome.
    pub async fn request_confirmation(
        &self,
        id: String,
        body: String,
        buttons: bool,
    ) -> Result<Notification, AlertError> {
        let request = DirectNotification {
            id,
            kind: NotificationKind::Confirmation,
            title: "Confirm a change".to_owned(),
            body,
            actions: if buttons { &[NotificationAction::Allow, NotificationAction::Refuse] } else { &[] },
        };
        self.pipeline.send_direct(request, self.clock.now()).await
    }

    /// Returns the actions chosen on notifications, from now on.
    pub fn subscribe_chosen(&self) -> broadcast::Receiver<ChosenAction> {
        self.pipeline.channels().subscribe_chosen()
    }

    /// Returns the alerts opened from their notifications, from now on.
    pub fn subscribe_opened(&self) -> broadcast::Receiver<OpenedAlert> {
        self.actions.subscribe_opened()
    }
}

/// Returns the worst state among these numbers of pending and firing alerts.
fn worst(pending: usize, firing: usize) -> AlertState {
    match (pending, firing) {
        (_, 1..) => AlertState::Firing,
        (1.., 0) => AlertState::Pending,
        (0, 0) => AlertState::Inactive,
    }
}
