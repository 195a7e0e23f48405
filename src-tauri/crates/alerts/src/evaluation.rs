//! One evaluation of one rule, and what follows from it.

use std::{sync::Arc, sync::PoisonError, time::Duration};

use chrono::Local;
use model::{
    Alert, AlertRule, AlertState, DeliveryOutcome, HealthState, NANOS_PER_SECOND, NoDataPolicy, Notification,
    NotificationKind, Silence, TimeRange, Timestamp,
};

use crate::{
    AlertError, ChosenAction, NotificationAction,
    evidence::capture,
    service::{Cell, Inner, Opened},
    silence::silences,
    source::observe,
    state::{evaluate, window_seconds},
    telling::Tellings,
    wording,
};

/// Seconds an evaluation may take: its interval, but within these.
const DEADLINE_SECONDS: (u64, u64) = (5, 30);
const EVIDENCE_DEADLINE: Duration = Duration::from_secs(20);
/// How long resolved alerts are remembered, in nanoseconds.
const REMEMBERED: i64 = 86_400 * NANOS_PER_SECOND;
const HOUR: i64 = 3600 * NANOS_PER_SECOND;
const MOST_TOLD: u32 = 5000;

impl Inner {
    /// Reads rules, alerts, silences and what was told from the store.
    pub(crate) async fn load(&self, now: Timestamp) -> Result<(), AlertError> {
        let rules = self.store.history().rules().await?;
        let alerts = self.store.history().alerts().await?;
        let silences = self.store.history().silences().await?;
        let oldest = alerts.iter().filter_map(|alert| alert.fired_at).min().unwrap_or(now);
        let log =
            self.store.history().notifications(TimeRange::new(oldest, now.offset(HOUR)), MOST_TOLD).await?;
        *self.tellings() = Tellings::restore(&alerts, &log);
        *self.lock_silences() = silences;
        let mut cells = self.lock_cells();
        for rule in rules {
            let own = alerts.iter().filter(|alert| alert.rule_id == rule.id).cloned().collect();
            cells.insert(rule.id.clone(), Cell::new(rule, own, now));
        }
        drop(cells);
        self.ready.send_replace(true);
        Ok(())
    }

    /// Evaluates a rule, keeps what changed, gathers evidence and tells people.
    pub(crate) async fn evaluate(self: &Arc<Self>, cell: &Arc<Cell>, now: Timestamp) {
        let (rule, previous) = {
            let state = cell.state();
            (state.rule.clone(), state.alerts.clone())
        };
        let seconds = u64::from(rule.interval_seconds).clamp(DEADLINE_SECONDS.0, DEADLINE_SECONDS.1);
        let observing = async {
            let range = TimeRange::last(i64::from(window_seconds(&rule.source)), now);
            observe(&self.store.snapshot(range).await?, &rule, &previous, now).await
        };
        let observed = match tokio::time::timeout(Duration::from_secs(seconds), observing).await {
            Ok(observed) => observed,
            Err(_) => Err(AlertError::Deadline { seconds }),
        };
        let turn = cell.turn.lock().await;
        if cell.state().rule != rule {
            return;
        }
        let kept = match observed {
            Ok(observed) => {
                let effective = self.effective(&rule, now);
                let alerts = cell.state().alerts.clone();
                let (next, transitions) =
                    evaluate(&effective, &observed.values, &observed.unit, &alerts, now);
                let stored = if transitions.is_empty() && next.iter().all(|alert| known(&alerts, alert)) {
                    Ok(())
                } else {
                    self.store.history().record_alerts(next.clone(), transitions.clone()).await
                };
                stored.map(|()| (next, transitions, observed.unit)).map_err(AlertError::from)
            }
            Err(error) => Err(error),
        };
        match kept {
            Ok((next, transitions, unit)) => {
                {
                    let mut state = cell.state();
                    let gone = |old: &Alert| !next.iter().any(|new| new.fingerprint == old.fingerprint);
                    let recent = |old: &Alert| old.resolved_at.is_some_and(|at| now.since(at) < REMEMBERED);
                    let remembered: Vec<Alert> =
                        state.alerts.iter().filter(|old| gone(old) && recent(old)).cloned().collect();
                    state.alerts = next.iter().cloned().chain(remembered).collect();
                    state.unit = unit;
                    state.health = HealthState::Healthy;
                    state.error.clear();
                    state.evaluated_at = Some(now);
                }
                for transition in transitions.iter().filter(|change| change.to == AlertState::Firing) {
                    if let Some(alert) = next.iter().find(|alert| alert.fingerprint == transition.fingerprint)
                    {
                        self.gather(rule.clone(), alert.clone(), now);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(rule = %rule.name, %error, "a rule could not be evaluated");
                let mut state = cell.state();
                state.health = HealthState::Unhealthy;
                state.error = error.to_string();
                state.evaluated_at = Some(now);
            }
        }
        drop(turn);
        self.tell(cell, now).await;
    }

    /// The rule as it is to be evaluated now: until its window has filled after a start or a sleep,
    /// missing data mean nothing.
    fn effective(&self, rule: &AlertRule, now: Timestamp) -> AlertRule {
        let since = *self.observing_since.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = i64::from(window_seconds(&rule.source)) + i64::from(rule.interval_seconds);
        let no_data =
            if now.since(since) < filled * NANOS_PER_SECOND { NoDataPolicy::KeepState } else { rule.no_data };
        AlertRule { no_data, ..rule.clone() }
    }

    /// Keeps what stands behind a firing, beside the evaluation so that nobody waits for it.
    fn gather(self: &Arc<Self>, rule: AlertRule, alert: Alert, now: Timestamp) {
        let inner = self.clone();
        tokio::spawn(async move {
            let gathering = async {
                let evidence = capture(&inner.store, &rule, &alert, now).await?;
                Ok::<(), AlertError>(inner.store.history().put_evidence(evidence).await?)
            };
            match tokio::time::timeout(EVIDENCE_DEADLINE, gathering).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(rule = %rule.name, %error, "the evidence of an alert is not kept")
                }
                Err(_) => tracing::warn!(rule = %rule.name, "the evidence of an alert took too long"),
            }
        });
    }

    /// Tells people of the alerts of a rule that they were not told of yet.
    pub(crate) async fn tell(&self, cell: &Cell, now: Timestamp) {
        let _telling = cell.telling.lock().await;
        let (rule, alerts) = {
            let state = cell.state();
            (state.rule.clone(), state.alerts.clone())
        };
        if !rule.notify {
            return;
        }
        for alert in alerts {
            let silenced = self.lock_silences().iter().any(|silence| silences(silence, &alert, now));
            let due = self.tellings().due(&alert, silenced, now);
            if let Some(kind) = due {
                self.tell_one(&rule, &alert, kind, silenced, now).await;
            }
        }
    }

    async fn tell_one(
        &self,
        rule: &AlertRule,
        alert: &Alert,
        kind: NotificationKind,
        silenced: bool,
        now: Timestamp,
    ) {
        let word = if kind == NotificationKind::Resolved { "resolved" } else { "firing" };
        let fired_at = alert.fired_at.unwrap_or(now);
        let mut notification = Notification {
            id: format!("{}-{}-{word}", alert.fingerprint, fired_at.0),
            time: now,
            kind,
            fingerprint: Some(alert.fingerprint.clone()),
            rule_id: Some(rule.id.clone()),
            title: wording::title(rule, alert, kind),
            body: wording::body(rule, alert, kind, *Local::now().offset()),
            channel: self.notifier.channel().to_owned(),
            outcome: DeliveryOutcome::Silenced,
            action: None,
        };
        let held_back = kind == NotificationKind::Resolved && self.tellings().held_back(alert);
        if !silenced && !held_back {
            use NotificationAction::{Acknowledge, Open, SilenceHour};
            let actions: &[NotificationAction] =
                if kind == NotificationKind::Firing { &[Acknowledge, SilenceHour, Open] } else { &[Open] };
            notification.outcome = match self.notifier.deliver(&notification, rule.severity, actions).await {
                Ok(()) => DeliveryOutcome::Delivered,
                Err(reason) => DeliveryOutcome::Failed(reason),
            };
        }
        self.tellings().record(alert, kind, notification.outcome.clone(), now);
        if let Err(error) = self.store.history().record_notification(notification).await {
            tracing::warn!(rule = %rule.name, %error, "a notification is missing in the log");
        }
    }

    /// Does what somebody chose on a notification.
    pub(crate) async fn act(self: &Arc<Self>, chosen: ChosenAction, now: Timestamp) {
        let inner = self.clone();
        tokio::spawn(async move {
            if let Err(error) = inner.carry_out(&chosen, now).await {
                tracing::warn!(%error, action = chosen.action.key(), "an action on a notification failed");
            }
        });
    }

    async fn carry_out(&self, chosen: &ChosenAction, now: Timestamp) -> Result<(), AlertError> {
        self.store.history().set_notification_action(&chosen.notification_id, chosen.action.key()).await?;
        let Some(fingerprint) = &chosen.fingerprint else { return Ok(()) };
        match chosen.action {
            NotificationAction::Acknowledge => {
                self.acknowledge(fingerprint, now).await?;
            }
            NotificationAction::SilenceHour => {
                let (_, alert) = self.find(fingerprint)?;
                let silence = Silence {
                    id: String::new(),
                    rule_id: Some(alert.rule_id),
                    labels: alert.labels,
                    range: TimeRange::new(now, now.offset(HOUR)),
                    reason: "silenced from a notification".to_owned(),
                };
                self.save_silence(silence, now).await?;
            }
            // Nobody may be listening, such as without a window.
            NotificationAction::Open => drop(self.opened.send(Opened { fingerprint: fingerprint.clone() })),
        }
        Ok(())
    }

    fn find(&self, fingerprint: &str) -> Result<(Arc<Cell>, Alert), AlertError> {
        let missing = || AlertError::NotFound { what: "alert", id: fingerprint.to_owned() };
        let in_cell = |cell: Arc<Cell>| {
            let found = cell.state().alerts.iter().find(|alert| alert.fingerprint == fingerprint).cloned();
            found.map(|alert| (cell, alert))
        };
        self.cells().into_values().find_map(in_cell).ok_or_else(missing)
    }

    /// Notes that somebody has seen a firing alert.
    pub(crate) async fn acknowledge(&self, fingerprint: &str, now: Timestamp) -> Result<Alert, AlertError> {
        let (cell, _) = self.find(fingerprint)?;
        let _turn = cell.turn.lock().await;
        let (_, alert) = self.find(fingerprint)?;
        if alert.state != AlertState::Firing {
            return Err(AlertError::Invalid("only an alert that fires can be acknowledged".into()));
        }
        let alert = Alert { acknowledged_at: Some(now), ..alert };
        self.store.history().record_alerts(vec![alert.clone()], Vec::new()).await?;
        for known in &mut cell.state().alerts {
            if known.fingerprint == alert.fingerprint {
                *known = alert.clone();
            }
        }
        Ok(alert)
    }

    /// Keeps a silence.
    pub(crate) async fn save_silence(
        &self,
        mut silence: Silence,
        now: Timestamp,
    ) -> Result<Silence, AlertError> {
        if silence.range.length() == 0 {
            return Err(AlertError::Invalid("the silence ends before it starts".into()));
        }
        if let Some(rule) = &silence.rule_id
            && !self.lock_cells().contains_key(rule)
        {
            return Err(AlertError::NotFound { what: "rule", id: rule.clone() });
        }
        if silence.id.is_empty() {
            let digest = xxhash_rust::xxh3::xxh3_64(format!("{silence:?}\n{}", now.0).as_bytes());
            silence.id = format!("silence-{digest:016x}");
        }
        self.store.history().put_silence(silence.clone()).await?;
        let mut silences = self.lock_silences();
        silences.retain(|known| known.id != silence.id);
        silences.push(silence.clone());
        Ok(silence)
    }

    /// Forgets a silence; false if there was none.
    pub(crate) async fn delete_silence(&self, id: &str) -> Result<bool, AlertError> {
        let known = self.store.history().delete_silence(id).await?;
        self.lock_silences().retain(|silence| silence.id != id);
        Ok(known)
    }
}

/// Whether keeping the alert again would tell nothing new: it is calm and was known to be.
fn known(before: &[Alert], alert: &Alert) -> bool {
    alert.state == AlertState::Inactive
        && before.iter().any(|old| old.fingerprint == alert.fingerprint && old.state == alert.state)
}
