//! The alerting service: rules, their alerts, silences and what is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{
    Alert, AlertCounts, AlertRule, AlertSeverity, AlertState, DeliveryOutcome, HealthState, NANOS_PER_SECOND,
    Notification, NotificationKind, RuleBacktest, RuleOverview, RuleSource, Silence, TimeRange, Timestamp,
};
use store::Store;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    AlertError, Notifier,
    preview::preview,
    scheduler::{self, clock},
    silence::MUTE,
    state::end_all,
    telling::Tellings,
    validation::validate,
    wording,
};

/// Somebody chose to open an alert from its notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The alert.
    pub fingerprint: String,
}

/// Evaluates rules, keeps alerts and tells people. Clones are the same service.
#[derive(Clone)]
pub struct AlertService {
    inner: Arc<Inner>,
}

/// What the clones of the service and its tasks share.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) notifier: Arc<dyn Notifier>,
    pub(crate) cells: Mutex<BTreeMap<String, Arc<Cell>>>,
    pub(crate) silences: Mutex<Vec<Silence>>,
    pub(crate) tellings: Mutex<Tellings>,
    pub(crate) opened: broadcast::Sender<Opened>,
    pub(crate) wake: Notify,
    /// Since when telemetry has come in without a pause, as far as is known here.
    pub(crate) observing_since: Mutex<Timestamp>,
    pub(crate) ready: watch::Sender<bool>,
}

/// One rule and where it stands.
pub(crate) struct Cell {
    /// Held while the alerts of the rule change.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Held while people are told of the rule's alerts.
    pub(crate) telling: tokio::sync::Mutex<()>,
    state: Mutex<CellState>,
}

pub(crate) struct CellState {
    pub(crate) rule: AlertRule,
    /// Also those that resolved lately.
    pub(crate) alerts: Vec<Alert>,
    pub(crate) unit: String,
    pub(crate) health: HealthState,
    pub(crate) error: String,
    pub(crate) evaluated_at: Option<Timestamp>,
    pub(crate) next: Timestamp,
    pub(crate) running: bool,
}

impl Cell {
    pub(crate) fn new(rule: AlertRule, alerts: Vec<Alert>, next: Timestamp) -> Arc<Self> {
        let state = CellState {
            unit: alerts.first().map_or_else(String::new, |alert| alert.unit.clone()),
            rule,
            alerts,
            health: HealthState::Unknown,
            error: String::new(),
            evaluated_at: None,
            next,
            running: false,
        };
        Arc::new(Self { turn: Default::default(), telling: Default::default(), state: Mutex::new(state) })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, CellState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn active(&self) -> Vec<Alert> {
        self.state().alerts.iter().filter(|alert| alert.state != AlertState::Inactive).cloned().collect()
    }
}

impl AlertService {
    /// Starts evaluating the rules in the store, until `stop` is cancelled. Must be called inside a Tokio
    /// runtime. Alerts that fire already are not told again.
    pub fn start(store: Store, notifier: Arc<dyn Notifier>, stop: CancellationToken) -> Self {
        let inner = Arc::new(Inner {
            store,
            notifier,
            cells: Mutex::default(),
            silences: Mutex::default(),
            tellings: Mutex::default(),
            opened: broadcast::channel(16).0,
            wake: Notify::new(),
            observing_since: Mutex::new(clock()),
            ready: watch::channel(false).0,
        });
        tokio::spawn(scheduler::run(inner.clone(), stop));
        Self { inner }
    }

    async fn ready(&self) {
        // The sender lives in `inner`, so waiting cannot fail.
        let _ = self.inner.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Keeps a rule, new or changed, and evaluates it at once. Its name must be unique; a new rule is given
    /// an id. Alerts of a rule that is switched off or watches something else end.
    pub async fn save_rule(&self, mut rule: AlertRule) -> Result<AlertRule, AlertError> {
        self.ready().await;
        rule.name = rule.name.trim().to_owned();
        validate(&rule)?;
        let cells = self.inner.cells();
        let same_name = |cell: &Arc<Cell>| cell.state().rule.name.to_lowercase() == rule.name.to_lowercase();
        if cells.iter().any(|(id, cell)| *id != rule.id && same_name(cell)) {
            return Err(AlertError::Invalid(format!("there is already a rule named “{}”", rule.name)));
        }
        if let RuleSource::Check { check_id: Some(id) } = &rule.source
            && !self.inner.store.history().checks().await?.iter().any(|check| check.id == *id)
        {
            return Err(AlertError::NotFound { what: "health check", id: id.clone() });
        }
        let now = clock();
        if rule.id.is_empty() {
            let digest = xxhash_rust::xxh3::xxh3_64(format!("{}\n{}", rule.name, now.0).as_bytes());
            rule.id = format!("rule-{digest:016x}");
        }
        match cells.get(&rule.id) {
            Some(cell) => {
                let turn = cell.turn.lock().await;
                self.inner.store.history().put_rule(rule.clone()).await?;
                let (before, alerts) = {
                    let state = cell.state();
                    (state.rule.clone(), state.alerts.clone())
                };
                let ends = match (rule.enabled, before.source == rule.source) {
                    (false, _) => Some("the rule was switched off"),
                    (true, false) => Some("the rule watches something else now"),
                    (true, true) => None,
                };
                let mut kept = alerts;
                if let Some(reason) = ends {
                    let (ended, transitions) = end_all(&kept, now, reason);
                    if !transitions.is_empty() {
                        self.inner.store.history().record_alerts(ended.clone(), transitions).await?;
                    }
                    kept = ended;
                }
                {
                    let mut state = cell.state();
                    state.rule = rule.clone();
                    state.alerts = kept;
                    state.next = now;
                    state.health = HealthState::Unknown;
                    state.error.clear();
                }
                drop(turn);
                self.inner.tell(cell, now).await;
            }
            None => {
                self.inner.store.history().put_rule(rule.clone()).await?;
                let cell = Cell::new(rule.clone(), Vec::new(), now);
                self.inner.lock_cells().insert(rule.id.clone(), cell);
            }
        }
        self.inner.wake.notify_one();
        Ok(rule)
    }

    /// Forgets a rule and its alerts; false if there was none.
    pub async fn delete_rule(&self, id: &str) -> Result<bool, AlertError> {
        self.ready().await;
        let cell = self.inner.cells().remove(id);
        let _turn = match &cell {
            Some(cell) => Some(cell.turn.lock().await),
            None => None,
        };
        let known = self.inner.store.history().delete_rule(id).await?;
        self.inner.lock_cells().remove(id);
        if let Some(cell) = &cell {
            let mut state = cell.state();
            // An evaluation that is under way finds another rule and is dropped.
            state.rule.id.clear();
            let gone: Vec<String> = state.alerts.drain(..).map(|alert| alert.fingerprint).collect();
            self.inner.tellings().forget(|fingerprint| gone.iter().any(|known| known == fingerprint));
        }
        Ok(known || cell.is_some())
    }

    /// Every rule with where it stands, in order of their names.
    pub async fn rules(&self) -> Result<Vec<RuleOverview>, AlertError> {
        self.ready().await;
        let checks = self.inner.store.history().checks().await?;
        let mut rules: Vec<RuleOverview> = self
            .inner
            .cells()
            .values()
            .map(|cell| {
                let active = cell.active();
                let state = cell.state();
                let name = match &state.rule.source {
                    RuleSource::Check { check_id: Some(id) } => {
                        checks.iter().find(|check| check.id == *id).map(|check| check.name.as_str())
                    }
                    _ => None,
                };
                RuleOverview {
                    state: worst(&active),
                    active,
                    health: if state.rule.enabled { state.health } else { HealthState::Unknown },
                    error: state.error.clone(),
                    evaluated_at: state.evaluated_at,
                    sentence: wording::sentence(&state.rule, &state.unit, name),
                    rule: state.rule.clone(),
                }
            })
            .collect();
        rules.sort_by_key(|overview| overview.rule.name.to_lowercase());
        Ok(rules)
    }

    /// The alerts that are pending or firing: firing ones first, the most severe first, the latest first.
    pub async fn alerts(&self) -> Vec<Alert> {
        self.ready().await;
        let mut alerts: Vec<Alert> = self.inner.cells().values().flat_map(|cell| cell.active()).collect();
        let rank = |alert: &Alert| (alert.state == AlertState::Firing, alert.severity, alert.active_since);
        alerts.sort_by_key(|alert| std::cmp::Reverse(rank(alert)));
        alerts
    }

    /// How many alerts stand where.
    pub fn counts(&self) -> AlertCounts {
        let alerts: Vec<Alert> = self.inner.cells().values().flat_map(|cell| cell.active()).collect();
        let count = |state| u32::try_from(alerts.iter().filter(|alert| alert.state == state).count());
        AlertCounts {
            firing: count(AlertState::Firing).unwrap_or(u32::MAX),
            pending: count(AlertState::Pending).unwrap_or(u32::MAX),
            worst: worst(&alerts),
        }
    }

    /// What a rule would have done over a range; the rule need not have been saved.
    pub async fn preview(&self, rule: &AlertRule, range: TimeRange) -> Result<RuleBacktest, AlertError> {
        let named = AlertRule {
            name: if rule.name.trim().is_empty() { "new rule".to_owned() } else { rule.name.clone() },
            ..rule.clone()
        };
        validate(&named)?;
        preview(&self.inner.store, &named, range).await
    }

    /// Notes that somebody has seen a firing alert.
    pub async fn acknowledge(&self, fingerprint: &str) -> Result<Alert, AlertError> {
        self.ready().await;
        self.inner.acknowledge(fingerprint, clock()).await
    }

    /// The silences people wrote, also past ones.
    pub async fn silences(&self) -> Result<Vec<Silence>, AlertError> {
        self.ready().await;
        Ok(self.inner.lock_silences().iter().filter(|silence| silence.id != MUTE).cloned().collect())
    }

    /// Keeps a silence, new or changed; a new one is given an id.
    pub async fn save_silence(&self, silence: Silence) -> Result<Silence, AlertError> {
        self.ready().await;
        self.inner.save_silence(silence, clock()).await
    }

    /// Ends and forgets a silence; false if there was none.
    pub async fn delete_silence(&self, id: &str) -> Result<bool, AlertError> {
        self.ready().await;
        self.inner.delete_silence(id).await
    }

    /// Holds back all notifications until a time, or no longer. Kept over a restart.
    pub async fn mute(&self, until: Option<Timestamp>) -> Result<(), AlertError> {
        self.ready().await;
        let now = clock();
        match until.filter(|until| *until > now) {
            Some(until) => {
                let silence = Silence {
                    id: MUTE.to_owned(),
                    rule_id: None,
                    labels: Default::default(),
                    range: TimeRange::new(now, until),
                    reason: "muted".to_owned(),
                };
                self.inner.save_silence(silence, now).await?;
            }
            None => {
                self.inner.delete_silence(MUTE).await?;
            }
        }
        Ok(())
    }

    /// Until when all notifications are held back.
    pub fn muted_until(&self) -> Option<Timestamp> {
        let now = clock();
        let silences = self.inner.lock_silences();
        let mute = silences.iter().find(|silence| silence.id == MUTE && silence.range.contains(now));
        mute.map(|mute| mute.range.end)
    }

    /// Sends a notification to try whether they arrive; its outcome says so.
    pub async fn test_notification(&self) -> Result<Notification, AlertError> {
        let now = clock();
        let mut notification = Notification {
            id: format!("test-{}", now.0),
            time: now,
            kind: NotificationKind::Test,
            fingerprint: None,
            rule_id: None,
            title: "Binnacle test".to_owned(),
            body: "Notifications from Binnacle arrive here.".to_owned(),
            channel: self.inner.notifier.channel().to_owned(),
            outcome: DeliveryOutcome::Delivered,
            action: None,
        };
        if let Err(reason) = self.inner.notifier.deliver(&notification, AlertSeverity::Info, &[]).await {
            notification.outcome = DeliveryOutcome::Failed(reason);
        }
        self.inner.store.history().record_notification(notification.clone()).await?;
        Ok(notification)
    }

    /// Alerts that people open from their notifications, from now on.
    pub fn subscribe_opened(&self) -> broadcast::Receiver<Opened> {
        self.inner.opened.subscribe()
    }
}

fn worst(alerts: &[Alert]) -> AlertState {
    let any = |state| alerts.iter().any(|alert| alert.state == state);
    match (any(AlertState::Firing), any(AlertState::Pending)) {
        (true, _) => AlertState::Firing,
        (false, true) => AlertState::Pending,
        (false, false) => AlertState::Inactive,
    }
}

impl Inner {
    pub(crate) fn lock_cells(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Cell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules as they are now.
    pub(crate) fn cells(&self) -> BTreeMap<String, Arc<Cell>> {
        self.lock_cells().clone()
    }

    pub(crate) fn lock_silences(&self) -> MutexGuard<'_, Vec<Silence>> {
        self.silences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tellings(&self) -> MutexGuard<'_, Tellings> {
        self.tellings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules to be evaluated now, marked as running, each with its next moment on the grid.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Arc<Cell>> {
        let due = |cell: &Arc<Cell>| {
            let mut state = cell.state();
            let interval = i64::from(state.rule.interval_seconds.max(1)) * NANOS_PER_SECOND;
            // After the clock went back the next moment may lie far ahead.
            let early = now < state.next && state.next.since(now) <= interval;
            if !state.rule.enabled || state.running || early {
                return false;
            }
            state.running = true;
            state.next = now.floor(interval).offset(interval);
            true
        };
        self.cells().into_values().filter(|cell| due(cell)).collect()
    }

    /// When the next rule is to be evaluated.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let next = |cell: &Arc<Cell>| {
            let state = cell.state();
            (state.rule.enabled && !state.running).then_some(state.next)
        };
        self.cells().values().filter_map(next).min()
    }
}
