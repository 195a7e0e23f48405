//! The scheduler of checks: its records and its commands.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::ensure;
use checks::{CheckError, CheckService, FileSecrets, SecretError, SecretStore};
use model::{
    CheckOverview, CheckResult, HealthCheck, HealthState, Incident, SamplesRequest, TimeRange, Timestamp,
};
use runtime::{Clock, ManualClock};
use store::{Store, StoreOptions};
use tempfile::TempDir;
use test_support::{
    servers::{Postgres, Redis, free_port},
    wait::wait_for,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{check, http, postgres, redis, tcp, web::Web};

struct Bench {
    store: Store,
    scheduler: CheckService,
    stop: DropGuard,
    folder: TempDir,
}

impl Bench {
    async fn start() -> Self {
        Self::start_with(Clock::system()).await
    }

    async fn start_with(clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let (scheduler, stop) = run(&store, folder.path(), clock);
        Self { store, scheduler, stop, folder }
    }

    /// Stops everything and opens the same data again.
    async fn restart(self) -> Self {
        let Self { store, scheduler, stop, folder } = self;
        drop(stop);
        drop(scheduler);
        store.close().await.unwrap();
        let store = open(folder.path()).await;
        let (scheduler, stop) = run(&store, folder.path(), Clock::system());
        Self { store, scheduler, stop, folder }
    }

    async fn overview(&self, id: &str) -> CheckOverview {
        let overviews = self.scheduler.overview(recent(), 60).await.unwrap();
        overviews.into_iter().find(|overview| overview.check.id == id).unwrap()
    }

    async fn wait_for_state(&self, id: &str, state: HealthState) -> CheckResult {
        let condition = format!("{id} is {state:?}");
        let result = wait_for(&condition, async || {
            let latest = self.overview(id).await.latest;
            ensure!(latest.as_ref().is_some_and(|result| result.state == state), "the latest is {latest:?}");
            Ok(latest)
        });
        result.await.unwrap()
    }

    async fn incidents(&self, id: &str) -> Vec<Incident> {
        self.store.history().incidents(recent(), Some(id), 100).await.unwrap()
    }

    /// Returns labels and values of a series of the check `name`, in order of time.
    async fn series(&self, metric: &str, name: &str) -> (model::Labels, Vec<f64>) {
        let request =
            SamplesRequest { metric: metric.into(), matchers: vec![], range: recent(), limit: 10_000 };
        let found = self.store.metrics().samples(&request).await.unwrap();
        let series =
            found.into_iter().find(|series| series.labels.get("check").is_some_and(|check| check == name));
        let series = series.unwrap_or_else(|| panic!("no series {metric} of {name}"));
        (series.labels, series.values)
    }
}

async fn open(folder: &Path) -> Store {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || Store::open(&folder, StoreOptions::default()).unwrap()).await.unwrap()
}

fn run(store: &Store, folder: &Path, clock: Clock) -> (CheckService, DropGuard) {
    let stop = CancellationToken::new();
    let secrets = Arc::new(FileSecrets::new(folder.join("secrets.json")));
    (CheckService::start(store.clone(), secrets, clock, stop.clone()), stop.drop_guard())
}

/// Returns the last hour and the next minute.
fn recent() -> TimeRange {
    TimeRange::last(3600, now().offset(60_000_000_000))
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// Disables the schedule of a check: it runs only on request.
fn unscheduled(check: HealthCheck) -> HealthCheck {
    HealthCheck { enabled: false, ..check }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stops_and_starts_again() {
    let bench = Bench::start().await;
    let mut server = tokio::task::spawn_blocking(|| Postgres::start("correct horse").unwrap()).await.unwrap();
    let wanted = HealthCheck {
        service: Some("shop".into()),
        ..check("database", postgres(server.port(), "SELECT 42"))
    };
    let saved = bench.scheduler.save(wanted, Some("correct horse".into())).await.unwrap();
    assert_eq!(bench.wait_for_state(&saved.id, HealthState::Healthy).await.measurements["value"], 42.0);
    assert!(bench.incidents(&saved.id).await.is_empty());

    let mut server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    })
    .await
    .unwrap();
    let bad = bench.wait_for_state(&saved.id, HealthState::Unhealthy).await;
    let incidents = bench.incidents(&saved.id).await;
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].ended, incidents[0].worst), (None, HealthState::Unhealthy));
    assert!(incidents[0].started <= bad.time);
    let down = bench.overview(&saved.id).await;
    assert_eq!((down.since, down.has_secret), (Some(incidents[0].started), true));

    let _server = tokio::task::spawn_blocking(move || {
        server.start_again().unwrap();
        server
    })
    .await
    .unwrap();
    let good = bench.wait_for_state(&saved.id, HealthState::Healthy).await;
    let incidents = bench.incidents(&saved.id).await;
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].ended.is_some_and(|ended| ended > incidents[0].started && ended <= good.time));
    assert!(bench.store.history().open_incidents().await.unwrap().is_empty());

    // The series follow the result in a separate commit.
    let found = wait_for("the last value is up", async || {
        let found = bench.series("check_up", "database").await;
        Ok((found.1.last() == Some(&1.0)).then_some(found))
    });
    let (labels, up) = found.await.unwrap();
    assert!(up.contains(&1.0) && up.contains(&0.0), "{up:?}");
    assert_eq!((up.first(), up.last()), (Some(&1.0), Some(&1.0)));
    assert_eq!((labels["kind"].as_str(), labels["service.name"].as_str()), ("postgres", "shop"));
    assert_eq!(labels["target"], format!("127.0.0.1:{}/postgres", saved.kind.settings()["port"]));
    assert!(bench.series("check_value", "database").await.1.iter().all(|value| *value == 42.0));
    assert!(bench.series("check_duration_seconds", "database").await.1.iter().all(|value| *value > 0.0));

    let whole = bench.overview(&saved.id).await;
    assert!(whole.uptime.is_some_and(|uptime| uptime > 0.0 && uptime < 1.0), "{:?}", whole.uptime);
    assert!(whole.median_duration.is_some_and(|median| median > 0));
    assert!(whole.timeline.iter().any(|bucket| bucket.state == HealthState::Unhealthy));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_continues_after_a_restart() {
    let bench = Bench::start().await;
    let mut server = tokio::task::spawn_blocking(|| Redis::start("correct horse").unwrap()).await.unwrap();
    let wanted = unscheduled(check("cache", redis(server.port())));
    let saved = bench.scheduler.save(wanted, Some("correct horse".into())).await.unwrap();
    assert_eq!(bench.scheduler.run_now(&saved.id).await.unwrap().state, HealthState::Healthy);
    server.stop();
    let first = bench.scheduler.run_now(&saved.id).await.unwrap();
    bench.scheduler.run_now(&saved.id).await.unwrap();

    let bench = bench.restart().await;
    assert_eq!(bench.overview(&saved.id).await.since, Some(first.time));
    let still = bench.scheduler.run_now(&saved.id).await.unwrap();
    assert_eq!(still.state, HealthState::Unhealthy);
    assert_eq!(bench.incidents(&saved.id).await.len(), 1);
    server.start_again().unwrap();
    let good = bench.scheduler.run_now(&saved.id).await.unwrap();
    assert_eq!(good.state, HealthState::Healthy, "{}", good.message);
    let incidents = bench.incidents(&saved.id).await;
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].started, incidents[0].ended), (first.time, Some(good.time)));
    assert_eq!(incidents[0].message, first.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_confirmed_before_it_counts() {
    let bench = Bench::start().await;
    let port = free_port().unwrap();
    let saved = bench
        .scheduler
        .save(unscheduled(HealthCheck { retries: 2, ..check("port", tcp(port)) }), None)
        .await
        .unwrap();
    let bad = bench.scheduler.run_now(&saved.id).await.unwrap();
    assert_eq!((bad.state, bad.attempts), (HealthState::Unhealthy, 3));
    let still = bench.scheduler.run_now(&saved.id).await.unwrap();
    assert_eq!((still.state, still.attempts), (HealthState::Unhealthy, 1));
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let good = bench.scheduler.run_now(&saved.id).await.unwrap();
    assert_eq!((good.state, good.attempts), (HealthState::Healthy, 1));
    drop(listener);
    let results = bench.store.history().check_results(&saved.id, recent(), 100).await.unwrap();
    assert_eq!(results, [good, still, bad]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_among_the_retries_is_healthy() {
    let time = ManualClock::new(now());
    let bench = Bench::start_with(time.clock()).await;
    let port = free_port().unwrap();
    let wanted = HealthCheck { retries: 10, retry_interval_seconds: 1, ..check("port", tcp(port)) };
    let saved = bench.scheduler.save(unscheduled(wanted), None).await.unwrap();
    let running = tokio::spawn({
        let (scheduler, id) = (bench.scheduler.clone(), saved.id.clone());
        async move { scheduler.run_now(&id).await.unwrap() }
    });
    time.wait_for_sleepers(1).await;
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    while !running.is_finished() {
        time.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    let result = running.await.unwrap();
    assert_eq!(result.state, HealthState::Healthy);
    assert!(result.attempts > 1);
    assert!(bench.incidents(&saved.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_validates_and_stores_no_secrets() {
    let bench = Bench::start().await;
    let web = Web::start().await;
    let url = web.url("/private").replace("//", "//ann:hunter22@");
    let saved = bench.scheduler.save(unscheduled(check("page", http(url))), None).await.unwrap();
    assert!(!saved.id.is_empty());
    let stored = bench.store.history().checks().await.unwrap();
    assert_eq!(stored, std::slice::from_ref(&saved));
    assert!(!format!("{stored:?}").contains("hunter22"));
    let good = bench.scheduler.run_now(&saved.id).await.unwrap();
    assert_eq!(good.state, HealthState::Healthy, "{}", good.message);
    assert!(bench.overview(&saved.id).await.has_secret);

    let twin = bench.scheduler.save(unscheduled(check(" page ", tcp(1))), None).await;
    assert_eq!(twin, Err(CheckError::Invalid("there is already a check named \"page\"".into())));
    let renamed = HealthCheck { name: "front page".into(), ..saved.clone() };
    let renamed = bench.scheduler.save(renamed, None).await.unwrap();
    assert_eq!((renamed.id.as_str(), renamed.name.as_str()), (saved.id.as_str(), "front page"));
    assert_eq!(bench.scheduler.run_now(&saved.id).await.unwrap().state, HealthState::Healthy);

    bench.scheduler.save(renamed, Some(String::new())).await.unwrap();
    assert!(!bench.overview(&saved.id).await.has_secret);
    assert_eq!(bench.scheduler.run_now(&saved.id).await.unwrap().state, HealthState::Unhealthy);

    bench.scheduler.delete(&saved.id).await.unwrap();
    let gone = CheckError::NotFound(saved.id.clone());
    assert_eq!(bench.scheduler.run_now(&saved.id).await, Err(gone.clone()));
    assert_eq!(bench.scheduler.delete(&saved.id).await, Err(gone));
    assert!(bench.store.history().checks().await.unwrap().is_empty());
    assert!(bench.store.history().open_incidents().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_a_check_records_nothing() {
    let bench = Bench::start().await;
    let port = free_port().unwrap();
    let bad = bench.scheduler.try_check(check("port", tcp(port)), None).await;
    assert_eq!(bad.state, HealthState::Unhealthy);
    let invalid = bench.scheduler.try_check(check("port", tcp(0)), None).await;
    assert_eq!(
        (invalid.state, invalid.message.as_str()),
        (HealthState::Unknown, "the port must be 1 to 65535")
    );
    assert!(bench.store.history().latest_check_results().await.unwrap().is_empty());
    assert!(bench.scheduler.overview(recent(), 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_hangs_delays_no_other_and_can_be_changed() {
    let bench = Bench::start().await;
    let web = Web::start().await;
    let hanging = HealthCheck { timeout_seconds: 300, ..check("hanging", http(web.url("/hang"))) };
    let hanging = bench.scheduler.save(hanging, None).await.unwrap();
    let quick = bench.scheduler.save(check("quick", http(web.url("/ok"))), None).await.unwrap();
    bench.wait_for_state(&quick.id, HealthState::Healthy).await;
    assert_eq!(bench.overview(&hanging.id).await.latest, None);
    let fixed = HealthCheck { kind: http(web.url("/ok")).into(), ..hanging };
    let fixed = bench.scheduler.save(fixed, None).await.unwrap();
    bench.wait_for_state(&fixed.id, HealthState::Healthy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_check_is_unknown_and_its_incident_ended() {
    let time = ManualClock::new(now());
    let bench = Bench::start_with(time.clock()).await;
    let saved = bench.scheduler.save(check("port", tcp(free_port().unwrap())), None).await.unwrap();
    bench.wait_for_state(&saved.id, HealthState::Unhealthy).await;
    time.advance(Duration::from_millis(1));
    bench.scheduler.save(unscheduled(saved.clone()), None).await.unwrap();
    let last = bench.overview(&saved.id).await.latest.unwrap();
    assert_eq!((last.state, last.message.as_str()), (HealthState::Unknown, "the check was disabled"));
    assert!(bench.store.history().open_incidents().await.unwrap().is_empty());
    // Another check shows that the intervals of both have passed.
    let other = bench.scheduler.save(check("other", tcp(free_port().unwrap())), None).await.unwrap();
    bench.wait_for_state(&other.id, HealthState::Unhealthy).await;
    time.advance(Duration::from_secs(30));
    while bench.overview(&other.id).await.latest.unwrap().time <= last.time {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.overview(&saved.id).await.latest.unwrap().time, last.time);
}

/// A keyring that fails or panics.
struct Faulty {
    panics: bool,
}

impl SecretStore for Faulty {
    fn get(&self, _id: &str) -> Result<Option<String>, SecretError> {
        assert!(!self.panics, "a fault for the test");
        Err(SecretError::Timeout)
    }

    fn set(&self, _id: &str, _secret: &str) -> Result<(), SecretError> {
        Err(SecretError::Timeout)
    }

    fn delete(&self, _id: &str) -> Result<(), SecretError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_fails_makes_checks_unknown_and_not_unhealthy() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for panics in [false, true] {
        let stop = CancellationToken::new();
        let scheduler =
            CheckService::start(store.clone(), Arc::new(Faulty { panics }), Clock::system(), stop.clone());
        let wanted = unscheduled(check(&format!("cache {panics}"), redis(free_port().unwrap())));
        let refused = scheduler.save(wanted.clone(), Some("x".into())).await;
        let keyring_failed =
            matches!(refused, Err(CheckError::Secret(SecretError::Timeout | SecretError::Keyring(_))));
        assert!(keyring_failed, "{refused:?}");
        let saved = scheduler.save(wanted, None).await.unwrap();
        let result = scheduler.run_now(&saved.id).await.unwrap();
        assert_eq!(result.state, HealthState::Unknown, "{result:?}");
        assert!(result.message.starts_with("the password cannot be read"), "{}", result.message);
        stop.cancel();
    }
}
