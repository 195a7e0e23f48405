//! The alerting service over the real store, with a notifier that keeps what it is given.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alerts::{AlertService, ChosenAction, NotificationAction, Notifier};
use async_trait::async_trait;
use model::{
    Aggregation, Alert, AlertRule, AlertSeverity, AlertState, Attributes, CheckKind, CheckResult, Comparator,
    DataResolution, DeliveryOutcome, HealthCheck, HealthState, LogRecord, NANOS_PER_SECOND, NoDataPolicy,
    Notification, NotificationKind, Resource, RuleSource, Series, Severity, Silence, TelemetryBatch,
    TimeRange, Timestamp,
};
use store::{Store, StoreOptions};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

struct Kept {
    delivered: Mutex<Vec<Notification>>,
    failures: Mutex<u32>,
    chosen: broadcast::Sender<ChosenAction>,
}

impl Kept {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            delivered: Mutex::default(),
            failures: Mutex::default(),
            chosen: broadcast::channel(8).0,
        })
    }

    fn titles(&self) -> Vec<String> {
        self.delivered.lock().unwrap().iter().map(|notification| notification.title.clone()).collect()
    }
}

#[async_trait]
impl Notifier for Kept {
    fn channel(&self) -> &'static str {
        "test"
    }

    async fn deliver(
        &self,
        notification: &Notification,
        _: AlertSeverity,
        _: &[NotificationAction],
    ) -> Result<(), String> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err("nobody there".into());
        }
        self.delivered.lock().unwrap().push(notification.clone());
        Ok(())
    }

    fn chosen(&self) -> broadcast::Receiver<ChosenAction> {
        self.chosen.subscribe()
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_nanos()).unwrap())
}

async fn open(folder: &std::path::Path) -> Store {
    let path = folder.to_owned();
    tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default())).await.unwrap().unwrap()
}

async fn write_gauge(store: &Store, service: &str, value: f64, time: Timestamp) {
    let mut batch = TelemetryBatch::default();
    let series = Series::gauge("latency", "s", Arc::new(Resource::service_named(service)), Attributes::new());
    batch.add_sample(series, time, value);
    store.write(batch).await.unwrap();
}

async fn write_log(store: &Store, service: &str, body: &str, time: Timestamp) {
    let record = LogRecord {
        time,
        observed_time: time,
        severity: Severity::ERROR,
        severity_text: String::new(),
        body: body.into(),
        resource: Arc::new(Resource::service_named(service)),
        scope: Arc::default(),
        attributes: Attributes::new(),
        trace_id: None,
        span_id: None,
        event_name: String::new(),
    };
    store.write(TelemetryBatch { logs: vec![record], ..TelemetryBatch::default() }).await.unwrap();
}

fn latency_rule() -> AlertRule {
    AlertRule {
        id: String::new(),
        name: "Slow answers".into(),
        enabled: true,
        severity: AlertSeverity::Critical,
        source: RuleSource::Metric {
            metric: "latency".into(),
            matchers: vec![],
            aggregation: Aggregation::Last,
            group_by: vec!["service".into()],
            window_seconds: 60,
        },
        comparator: Comparator::Above,
        threshold: 0.8,
        resolve_threshold: None,
        for_seconds: 0,
        interval_seconds: 1,
        no_data: NoDataPolicy::KeepState,
        notify: true,
    }
}

/// Waits until the condition holds; panics with the message after a long while.
async fn until(message: &str, condition: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{message}");
}

async fn firing(service: &AlertService) -> Vec<Alert> {
    service.alerts().await.into_iter().filter(|alert| alert.state == AlertState::Firing).collect()
}

async fn log_of(store: &Store) -> Vec<Notification> {
    store.history().notifications(TimeRange::last(3600, now().offset(NANOS_PER_SECOND)), 100).await.unwrap()
}

#[tokio::test]
async fn an_alert_fires_is_told_once_survives_a_restart_and_resolves() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), notifier.clone(), stop.clone());
    write_gauge(&store, "cart", 1.24, now()).await;
    write_gauge(&store, "pay", 0.1, now()).await;
    write_log(&store, "cart", "connection refused", now()).await;
    let rule = service.save_rule(latency_rule()).await.unwrap();
    until("the alert fires", async || !firing(&service).await.is_empty()).await;
    until("it is told", async || !log_of(&store).await.is_empty()).await;
    assert_eq!(notifier.titles(), ["Slow answers - cart"]);
    let told = log_of(&store).await.remove(0);
    assert_eq!((told.kind, told.outcome), (NotificationKind::Firing, DeliveryOutcome::Delivered));
    assert!(told.body.starts_with("1.24 s is above 800 ms, since "), "{}", told.body);
    assert_eq!(service.counts().firing, 1);
    let alert = firing(&service).await.remove(0);
    until("evidence is kept", async || {
        store.history().evidence(&alert.fingerprint, None).await.unwrap().is_some()
    })
    .await;
    let evidence = store.history().evidence(&alert.fingerprint, alert.fired_at).await.unwrap().unwrap();
    assert_eq!(evidence.series[0].values, [1.24]);
    assert_eq!(evidence.logs[0].body, "connection refused");

    stop.cancel();
    let (again, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), again.clone(), stop.clone());
    assert_eq!(firing(&service).await[0].fired_at, alert.fired_at);
    until("it is evaluated again", async || service.rules().await.unwrap()[0].evaluated_at.is_some()).await;
    assert_eq!(service.rules().await.unwrap()[0].health, HealthState::Healthy);
    assert!(again.titles().is_empty(), "told again after a restart");

    service.acknowledge(&alert.fingerprint).await.unwrap();
    write_gauge(&store, "cart", 0.3, now()).await;
    until("it resolves", async || again.titles() == ["Resolved: Slow answers - cart"]).await;
    until("the log has both", async || log_of(&store).await.len() == 2).await;
    let kinds: Vec<_> = store
        .history()
        .transitions(TimeRange::last(3600, now().offset(NANOS_PER_SECOND)), 10)
        .await
        .unwrap()
        .into_iter()
        .map(|change| change.to)
        .collect();
    assert_eq!(kinds.len(), 2);
    service.delete_rule(&rule.id).await.unwrap();
    assert!(service.rules().await.unwrap().is_empty());
    stop.cancel();
}

#[tokio::test]
async fn a_firing_that_was_kept_but_not_told_is_told_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let rule = AlertRule { id: "r".into(), ..latency_rule() };
    store.history().put_rule(rule.clone()).await.unwrap();
    write_gauge(&store, "cart", 1.24, now()).await;
    let labels = [("service".to_owned(), "cart".to_owned())].into();
    let (alerts, transitions) = alerts::evaluate(&rule, &[(labels, 1.24)], "s", &[], now());
    store.history().record_alerts(alerts, transitions).await.unwrap();
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let _service = AlertService::start(store.clone(), notifier.clone(), stop.clone());
    until("it is told", async || notifier.titles() == ["Slow answers - cart"]).await;
    stop.cancel();
}

#[tokio::test]
async fn failed_and_silenced_deliveries_are_in_the_log_and_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    *notifier.failures.lock().unwrap() = 1;
    let service = AlertService::start(store.clone(), notifier.clone(), stop.clone());
    write_gauge(&store, "cart", 2.0, now()).await;
    service.save_rule(latency_rule()).await.unwrap();
    until("the failure is in the log", async || {
        log_of(&store).await.iter().any(|told| told.outcome == DeliveryOutcome::Failed("nobody there".into()))
    })
    .await;
    until("it is tried again", async || notifier.titles().len() == 1).await;
    until("the log tells", async || log_of(&store).await[0].outcome == DeliveryOutcome::Delivered).await;

    let silence = Silence {
        id: String::new(),
        rule_id: None,
        labels: [("service".to_owned(), "pay".to_owned())].into(),
        range: TimeRange::new(now(), now().offset(600 * NANOS_PER_SECOND)),
        reason: "works on it".into(),
    };
    let silence = service.save_silence(silence).await.unwrap();
    write_gauge(&store, "pay", 2.0, now()).await;
    until("it is held back", async || {
        log_of(&store).await.iter().any(|told| told.outcome == DeliveryOutcome::Silenced)
    })
    .await;
    assert_eq!(notifier.titles().len(), 1);
    service.delete_silence(&silence.id).await.unwrap();
    until("it is told when the silence ends", async || notifier.titles().len() == 2).await;
    stop.cancel();
}

#[tokio::test]
async fn actions_chosen_on_a_notification_are_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), notifier.clone(), stop.clone());
    let mut opened = service.subscribe_opened();
    write_gauge(&store, "cart", 2.0, now()).await;
    service.save_rule(latency_rule()).await.unwrap();
    until("it is told", async || !log_of(&store).await.is_empty()).await;
    let told = log_of(&store).await.remove(0);
    let choose = |action| {
        let chosen =
            ChosenAction { notification_id: told.id.clone(), fingerprint: told.fingerprint.clone(), action };
        notifier.chosen.send(chosen).unwrap();
    };
    choose(NotificationAction::Acknowledge);
    until("it is acknowledged", async || firing(&service).await[0].acknowledged_at.is_some()).await;
    choose(NotificationAction::SilenceHour);
    until("it is silenced", async || service.silences().await.unwrap().len() == 1).await;
    choose(NotificationAction::Open);
    let open = tokio::time::timeout(Duration::from_secs(30), opened.recv()).await.unwrap().unwrap();
    assert_eq!(Some(open.fingerprint), told.fingerprint);
    until("the log knows", async || log_of(&store).await[0].action.as_deref() == Some("open")).await;
    stop.cancel();
}

#[tokio::test]
async fn a_log_rule_counts_by_service_and_resolves_when_nothing_matches() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), notifier.clone(), stop.clone());
    for _ in 0..3 {
        write_log(&store, "cart", "payment refused", now()).await;
    }
    write_log(&store, "pay", "payment refused", now()).await;
    let source =
        RuleSource::Logs { query: "level>=error refused".into(), by_service: true, window_seconds: 5 };
    let rule = AlertRule { source, threshold: 2.0, ..latency_rule() };
    service.save_rule(rule).await.unwrap();
    until("it fires for one service", async || notifier.titles() == ["Slow answers - cart"]).await;
    until("it resolves", async || notifier.titles().len() == 2).await;
    stop.cancel();
}

#[tokio::test]
async fn a_preview_agrees_with_what_the_live_rule_would_have_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), notifier, stop.clone());
    let start = Timestamp(1_700_000_000 * NANOS_PER_SECOND).floor(60 * NANOS_PER_SECOND);
    let mut batch = TelemetryBatch::default();
    for second in (0..3600_i64).step_by(5) {
        for (name, phase) in [("cart", 0), ("pay", 700)] {
            let value = if (second + phase) % 1300 > 900 && name != "quiet" { 1.5 } else { 0.2 };
            let resource = Arc::new(Resource::service_named(name));
            let series = Series::gauge("latency", "s", resource, Attributes::new());
            batch.add_sample(series, start.offset(second * NANOS_PER_SECOND), value);
        }
    }
    store.write(batch).await.unwrap();
    let source = RuleSource::Metric {
        metric: "latency".into(),
        matchers: vec![],
        aggregation: Aggregation::P90,
        group_by: vec!["service".into()],
        window_seconds: 60,
    };
    let rule = AlertRule { source, for_seconds: 120, interval_seconds: 15, ..latency_rule() };
    let range = TimeRange::new(start, start.offset(3600 * NANOS_PER_SECOND));
    let preview = service.preview(&rule, range).await.unwrap();
    assert_eq!(preview.step, 15 * NANOS_PER_SECOND);
    assert_eq!(
        preview.sentence,
        "Tells you when the p90 of latency of any service, over 1 minute, is above 800 ms for 2 minutes."
    );

    let (mut alerts, mut fired, mut live) = (Vec::new(), 0, Vec::new());
    for index in 1..=240 {
        let time = start.offset(index * 15 * NANOS_PER_SECOND);
        let window = TimeRange::last(60, time);
        let group_by = ["service".to_owned()];
        let values = query::instant(
            &store.snapshot(window).await.unwrap(),
            "latency",
            &[],
            Aggregation::P90,
            &group_by,
            window,
        )
        .await
        .unwrap();
        let (next, transitions) = alerts::evaluate(&rule, &values.values, "", &alerts, time);
        fired += transitions.iter().filter(|change| change.to == AlertState::Firing).count();
        live.extend(transitions.into_iter().map(|change| (change.time, change.labels, change.to)));
        alerts = next;
    }
    assert!(fired >= 4, "the data should make it fire: {fired}");
    assert_eq!(preview.notifications as usize, fired);
    let began: Vec<_> = live.iter().filter(|change| change.2 != AlertState::Inactive).collect();
    assert_eq!(preview.intervals.len(), began.len());
    for (time, labels, state) in began {
        assert!(
            preview
                .intervals
                .iter()
                .any(|s| s.range.start == *time && s.labels == *labels && s.state == *state),
            "{time:?} {labels:?} {state:?} is not in the preview"
        );
    }
    assert_eq!(preview.suggested_threshold, Some(1.5));
    stop.cancel();
}

#[tokio::test]
async fn a_preview_over_days_shows_what_came_a_second_ago() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), notifier, stop.clone());
    let end = Timestamp(1_700_000_000 * NANOS_PER_SECOND + 123);
    write_gauge(&store, "cart", 1.5, end.offset(-NANOS_PER_SECOND)).await;
    write_log(&store, "cart", "refused", end.offset(-NANOS_PER_SECOND)).await;
    let counting = |by_service| RuleSource::Logs { query: "refused".into(), by_service, window_seconds: 60 };
    for days in [1, 7] {
        let range = TimeRange::new(end.offset(-days * 86_400 * NANOS_PER_SECOND), end);
        for source in [latency_rule().source, counting(false), counting(true)] {
            let rule = AlertRule { source, threshold: 0.5, for_seconds: 0, ..latency_rule() };
            let preview = service.preview(&rule, range).await.unwrap();
            let latest =
                preview.series[0].times.last().copied().zip(preview.series[0].values.last().copied());
            let value = if matches!(rule.source, RuleSource::Logs { .. }) { 1.0 } else { 1.5 };
            assert_eq!(latest, Some((end, value)), "{days} days of {:?}", rule.source);
            assert_eq!(preview.series.len(), 1);
            assert_eq!(preview.notifications, 1);
        }
    }
    stop.cancel();
}

#[tokio::test]
async fn a_preview_where_only_hours_are_left_goes_by_hours() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let stop = CancellationToken::new();
    let service = AlertService::start(store.clone(), Kept::new(), stop.clone());
    let hour = 3600 * NANOS_PER_SECOND;
    let start = Timestamp(1_700_000_000 * NANOS_PER_SECOND).floor(4 * hour);
    let mut batch = TelemetryBatch::default();
    for second in (0..4 * 3600_i64).step_by(5) {
        // Two minutes in the middle of the second hour.
        let value = if (5400..5520).contains(&second) { 1.5 } else { 0.2 };
        let resource = Arc::new(Resource::service_named("cart"));
        let series = Series::gauge("latency", "s", resource, Attributes::new());
        batch.add_sample(series, start.offset(second * NANOS_PER_SECOND), value);
    }
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let source = RuleSource::Metric {
        metric: "latency".into(),
        matchers: vec![],
        aggregation: Aggregation::Maximum,
        group_by: vec!["service".into()],
        window_seconds: 60,
    };
    let rule = AlertRule { source, for_seconds: 0, interval_seconds: 15, ..latency_rule() };
    let range = TimeRange::new(start, start.offset(4 * hour));
    let fine = service.preview(&rule, range).await.unwrap();
    assert_eq!((fine.step, fine.notifications), (15 * NANOS_PER_SECOND, 1));
    let gone = store.admin().segments().into_iter().filter(|file| file.resolution != DataResolution::Hours);
    store.admin().drop_segments(gone.map(|file| file.id).collect()).await.unwrap();
    let coarse = service.preview(&rule, range).await.unwrap();
    assert_eq!((coarse.step, coarse.notifications), (hour, 1));
    assert_eq!(coarse.series[0].times, [1, 2, 3, 4].map(|n| start.offset(n * hour)));
    assert_eq!(coarse.series[0].values, [0.2, 1.5, 0.2, 0.2]);
    let fired = TimeRange::new(start.offset(2 * hour), start.offset(3 * hour));
    assert_eq!(coarse.intervals.iter().map(|stretch| stretch.range).collect::<Vec<_>>(), [fired]);
    stop.cancel();
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let stop = CancellationToken::new();
    let service = AlertService::start(store, Kept::new(), stop.clone());
    service.save_rule(latency_rule()).await.unwrap();
    let logs = |query: &str| RuleSource::Logs { query: query.into(), by_service: false, window_seconds: 60 };
    let missing = RuleSource::Check { check_id: Some("nobody".into()) };
    for (rule, reason) in [
        (AlertRule { name: " ".into(), ..latency_rule() }, "needs a name"),
        (AlertRule { name: "SLOW answers".into(), ..latency_rule() }, "already a rule"),
        (AlertRule { threshold: f64::NAN, ..latency_rule() }, "finite"),
        (AlertRule { resolve_threshold: Some(2.0), ..latency_rule() }, "resolve at once"),
        (AlertRule { name: "a".into(), interval_seconds: 0, ..latency_rule() }, "interval"),
        (
            AlertRule { name: "a".into(), interval_seconds: 120, ..latency_rule() },
            "shorter than the interval",
        ),
        (AlertRule { name: "a".into(), source: logs("(a"), ..latency_rule() }, "character 3"),
        (AlertRule { name: "a".into(), source: missing, ..latency_rule() }, "health check"),
    ] {
        let refused = service.save_rule(rule).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    stop.cancel();
}

#[tokio::test]
async fn a_check_rule_follows_the_state_of_its_check_and_previews_its_results() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (notifier, stop) = (Kept::new(), CancellationToken::new());
    let service = AlertService::start(store.clone(), notifier.clone(), stop.clone());
    let check = HealthCheck {
        id: "shop".into(),
        name: "Shop page".into(),
        enabled: true,
        kind: CheckKind::from_value(serde_json::json!({"type": "tcp", "host": "127.0.0.1", "port": 80}))
            .unwrap(),
        interval_seconds: 30,
        timeout_seconds: 5,
        retries: 0,
        retry_interval_seconds: 1,
        degraded_above_ms: None,
        service: Some("web".into()),
    };
    store.history().put_check(check).await.unwrap();
    let record = async |state, seconds_ago: i64| {
        let result = CheckResult {
            check_id: "shop".into(),
            time: now().offset(-seconds_ago * NANOS_PER_SECOND),
            state,
            duration: 1_000_000,
            message: "looked".into(),
            attempts: 1,
            measurements: Default::default(),
        };
        store.history().record_check_result(result, None).await.unwrap();
    };
    record(HealthState::Healthy, 90).await;
    record(HealthState::Unhealthy, 60).await;
    let source = RuleSource::Check { check_id: Some("shop".into()) };
    let rule = AlertRule {
        source,
        comparator: Comparator::AtLeast,
        threshold: 2.0,
        name: "Down".into(),
        ..latency_rule()
    };
    let preview = service.preview(&rule, TimeRange::last(300, now())).await.unwrap();
    assert_eq!(preview.sentence, "Tells you when the health check Shop page is unhealthy.");
    assert_eq!((preview.notifications, preview.intervals.len()), (1, 1));
    assert_eq!(preview.suggested_threshold, None);
    service.save_rule(rule).await.unwrap();
    until("it fires", async || notifier.titles() == ["Down - Shop page, web"]).await;
    assert!(notifier.delivered.lock().unwrap()[0].body.starts_with("Unhealthy, since "));
    record(HealthState::Healthy, 0).await;
    until("it resolves", async || notifier.titles().len() == 2).await;
    stop.cancel();
}
