//! An alerting service over a temporary store, with a manual clock and a recording channel.

use std::{
    sync::{Arc, Mutex, atomic::AtomicU32, atomic::Ordering},
    time::Duration,
};

use alerts::{
    AlertRule, AlertService, Channel, Channels, ChosenAction, MetricSource, NoDataPolicy, NotificationAction,
};
use async_trait::async_trait;
use model::{
    Aggregation, Alert, AlertSeverity, AlertState, Attributes, CheckKind, CheckResult, Comparator,
    HealthCheck, HealthState, LogRecord, NANOS_PER_SECOND, Notification, Resource, Series, Severity,
    TelemetryBatch, TimeRange, Timestamp,
};
use runtime::ManualClock;
use serde_json::json;
use store::{Store, StoreOptions};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Time at which every test starts.
pub(crate) const START: Timestamp = Timestamp(1_700_000_040 * NANOS_PER_SECOND);
/// Longest time between two checks of a condition.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// Deadline of an expected event.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A channel that records what it sends.
pub(crate) struct TestChannel {
    pub(crate) sent: Mutex<Vec<Notification>>,
    /// Number of the next notifications that fail.
    pub(crate) failures: AtomicU32,
    pub(crate) chosen: broadcast::Sender<ChosenAction>,
}

impl TestChannel {
    pub(crate) fn new() -> Arc<Self> {
        let chosen = broadcast::channel(8).0;
        Arc::new(Self { sent: Mutex::default(), failures: AtomicU32::default(), chosen })
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(|notification| notification.title.clone()).collect()
    }
}

#[async_trait]
impl Channel for TestChannel {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn send(
        &self,
        notification: &Notification,
        _: AlertSeverity,
        _: &[NotificationAction],
    ) -> Result<(), String> {
        let fails =
            self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Err("service unavailable".into());
        }
        self.sent.lock().unwrap().push(notification.clone());
        Ok(())
    }
}

/// A running service and everything around it.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) channel: Arc<TestChannel>,
    pub(crate) service: AlertService,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::start_after(async |_| ()).await
    }

    /// Starts the service after the store is prepared.
    pub(crate) async fn start_after(prepare: impl AsyncFnOnce(&Store)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let opening = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()));
        let store = opening.await.unwrap().unwrap();
        prepare(&store).await;
        let (clock, channel, stop) = (ManualClock::new(START), TestChannel::new(), CancellationToken::new());
        let service = service(&store, &channel, &clock, &stop);
        Self { store, clock, channel, service, stop, _folder: folder }
    }

    /// Stops the service and starts another on the same store, with a new channel.
    pub(crate) fn restart(&mut self) {
        self.stop.cancel();
        (self.channel, self.stop) = (TestChannel::new(), CancellationToken::new());
        self.service = service(&self.store, &self.channel, &self.clock, &self.stop);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.clock().now()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Waits until the condition holds. It is checked after each commit of the store, and between
    /// commits because the service updates its own state after them.
    pub(crate) async fn until(&self, expected: &str, condition: impl AsyncFn() -> bool) {
        let mut commits = self.store.subscribe();
        let waiting = async {
            while !condition().await {
                let _ = tokio::time::timeout(CHECK_INTERVAL, commits.recv()).await;
            }
        };
        tokio::time::timeout(TIMEOUT, waiting).await.unwrap_or_else(|_| panic!("not reached: {expected}"));
    }

    pub(crate) async fn until_titles(&self, titles: &[&str]) {
        self.until(&format!("notifications {titles:?}"), async || self.channel.titles() == titles).await;
    }

    pub(crate) async fn firing(&self) -> Vec<Alert> {
        let alerts = self.service.alerts().await.unwrap();
        alerts.into_iter().filter(|alert| alert.state == AlertState::Firing).collect()
    }

    /// Returns the stored notifications, newest first.
    pub(crate) async fn notifications(&self) -> Vec<Notification> {
        self.store.history().notifications(self.last_hour(), 100).await.unwrap()
    }

    pub(crate) fn last_hour(&self) -> TimeRange {
        TimeRange::last(3600, self.now().offset(NANOS_PER_SECOND))
    }

    /// Writes a value one second before the current time.
    pub(crate) async fn write_gauge(&self, service: &str, value: f64) {
        write_gauge(&self.store, service, value, self.now().offset(-NANOS_PER_SECOND)).await;
    }

    /// Writes an error record one second before the current time.
    pub(crate) async fn write_log(&self, service: &str, body: &str) {
        write_log(&self.store, service, body, self.now().offset(-NANOS_PER_SECOND)).await;
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn service(
    store: &Store,
    channel: &Arc<TestChannel>,
    clock: &ManualClock,
    stop: &CancellationToken,
) -> AlertService {
    let channels = Channels::single(channel.clone(), channel.chosen.clone());
    AlertService::start(store.clone(), channels, clock.clock(), stop.clone())
}

pub(crate) async fn write_gauge(store: &Store, service: &str, value: f64, time: Timestamp) {
    let mut batch = TelemetryBatch::default();
    batch.add_sample(latency(service), time, value);
    store.write(batch).await.unwrap();
}

/// Returns the latency series of a service.
pub(crate) fn latency(service: &str) -> Series {
    Series::gauge("latency", "s", Arc::new(Resource::service_named(service)), Attributes::new())
}

pub(crate) async fn write_log(store: &Store, service: &str, body: &str, time: Timestamp) {
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

/// Stores the health check `shop`.
pub(crate) async fn put_check(store: &Store) {
    let check = HealthCheck {
        id: "shop".into(),
        service: Some("web".into()),
        ..HealthCheck::new(
            "Shop page",
            CheckKind::from_value(json!({"type": "tcp", "host": "127.0.0.1", "port": 80})).unwrap(),
        )
    };
    store.history().put_check(check).await.unwrap();
}

/// Records a result of the health check `shop`.
pub(crate) async fn record_check_result(store: &Store, state: HealthState, time: Timestamp) {
    let result = CheckResult {
        check_id: "shop".into(),
        time,
        state,
        duration: 1_000_000,
        message: "connected".into(),
        attempts: 1,
        measurements: Default::default(),
    };
    store.history().record_check_result(result, None).await.unwrap();
}

/// Returns the source of the latency per service, over a minute.
pub(crate) fn latency_source(aggregation: Aggregation) -> MetricSource {
    MetricSource {
        metric: "latency".into(),
        matchers: vec![],
        aggregation,
        group_by: vec!["service".into()],
        window_seconds: 60,
    }
}

/// Returns a rule that fires at once when the latest latency of a service exceeds 800 ms.
pub(crate) fn latency_rule() -> AlertRule {
    AlertRule {
        id: String::new(),
        name: "Slow requests".into(),
        enabled: true,
        severity: AlertSeverity::Critical,
        source: latency_source(Aggregation::Last).into(),
        comparator: Comparator::Above,
        threshold: 0.8,
        resolve_threshold: None,
        for_seconds: 0,
        interval_seconds: 1,
        no_data: NoDataPolicy::KeepState,
        notify: true,
    }
}
