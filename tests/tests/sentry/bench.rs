//! A poller on a real store that can be aborted and restarted, and the comparison of the stored
//! data with the true totals.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use collect::PullHandles;
use config::Sentry;
use model::{HealthState, NANOS_PER_SECOND, SamplesRequest, SeriesPoints, TimeRange, Timestamp};
use runtime::{Clock, HealthReporter};
use store::{Store, StoreOptions};
use test_support::{
    sentry_server::{Data, SentryServer},
    wait::{TIMEOUT, wait_until},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const HOUR: i64 = 3600;

pub(crate) fn now() -> i64 {
    Clock::system().now().0 / NANOS_PER_SECOND
}

/// Starts a server whose projects have data of the last 30 hours.
pub(crate) async fn busy_server() -> SentryServer {
    SentryServer::start(Data::busy(now() - 30 * HOUR, now())).await.unwrap()
}

/// Creates settings for as many requests as the limits allow, from two hours ago.
pub(crate) fn settings(server: &SentryServer) -> Sentry {
    let mut settings = Sentry::new("test", &server.url());
    (settings.interval_seconds, settings.requests_per_second) = (1, 40);
    (settings.settle_seconds, settings.backfill_hours) = (30, 2);
    settings
}

/// A store and a poller that can be aborted and restarted.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    store: Option<Store>,
    pub(crate) reporter: HealthReporter,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: None,
            reporter: HealthReporter::new("test"),
            running: None,
        }
    }

    pub(crate) fn store(&mut self) -> Store {
        let folder = self.folder.path().join("data");
        self.store
            .get_or_insert_with(|| {
                let options =
                    StoreOptions { memory_limit_bytes: 256 << 20, threads: 1, ..StoreOptions::default() };
                Store::open(&folder, options).unwrap()
            })
            .clone()
    }

    pub(crate) fn start(&mut self, settings: &Sentry, token: &str) {
        let (store, stop) = (self.store(), CancellationToken::new());
        let token = token.to_owned();
        let poller = collect::run_sentry(
            settings.clone(),
            Arc::new(move || Ok(token.clone())),
            PullHandles::new(store, Clock::system()),
            self.folder.path().join("positions"),
            self.reporter.clone(),
            stop.clone(),
        );
        self.running = Some((stop, tokio::spawn(poller)));
    }

    /// Aborts the poller at an arbitrary point.
    pub(crate) async fn abort(&mut self) {
        if let Some((_, task)) = self.running.take() {
            task.abort();
            let _ = task.await;
        }
    }

    pub(crate) async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            tokio::time::timeout(TIMEOUT, task).await.expect("the poller ends when it is stopped").unwrap();
        }
    }

    pub(crate) async fn points(&mut self, metric: &str) -> Vec<SeriesPoints> {
        let request = SamplesRequest {
            metric: metric.to_owned(),
            matchers: vec![],
            range: TimeRange::new(Timestamp(0), Timestamp(i64::MAX)),
            limit: 1_000_000,
        };
        self.store().metrics().samples(&request).await.unwrap()
    }

    /// Sums a counter by labels.
    pub(crate) async fn totals<const N: usize>(
        &mut self,
        metric: &str,
        keys: [&str; N],
    ) -> BTreeMap<[String; N], f64> {
        let mut totals = BTreeMap::new();
        for one in self.points(metric).await {
            let key = keys.map(|key| one.labels.get(key).cloned().unwrap_or_default());
            *totals.entry(key).or_default() += one.values.iter().sum::<f64>();
        }
        totals
    }

    /// Returns the time up to which `feed` is stored, from its checkpoint, in seconds.
    pub(crate) fn done(&self, feed: &str) -> Option<i64> {
        Some(self.checkpoint(feed)?["done"].as_i64()? / 1_000_000_000)
    }

    /// Reads the checkpoint of `feed`.
    fn checkpoint(&self, feed: &str) -> Option<serde_json::Value> {
        let folder = std::fs::read_dir(self.folder.path().join("positions")).ok()?;
        let path = folder
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.to_string_lossy().ends_with(&format!("-{feed}.json")))?;
        let checkpoint: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        Some(checkpoint["acme"].clone())
    }

    /// Returns the time in seconds up to which the stopped poller has stored samples of `metric`.
    ///
    /// The poller may have stopped after it stored an interval and before it wrote the checkpoint.
    async fn stored_until(&mut self, feed: &str, metric: &str) -> i64 {
        let done = self.done(feed).unwrap();
        let last = self.points(metric).await.iter().flat_map(|one| one.times.clone()).max();
        match self.checkpoint(feed).unwrap()["pending"]["end"].as_i64() {
            Some(end) if last.is_some_and(|last| last.0 / 1_000_000_000 >= done) => end / 1_000_000_000,
            _ => done,
        }
    }

    /// Waits until a condition holds. The status of the poller is part of the error.
    pub(crate) async fn wait(&mut self, condition: &str, mut holds: impl FnMut(&Self) -> bool) {
        let waited = wait_until(condition, async || Ok(holds(self))).await;
        waited.with_context(|| format!("{:?}", self.reporter.status())).unwrap();
    }

    /// Waits until everything up to less than two minutes ago is stored.
    pub(crate) async fn wait_until_caught_up(&mut self, server: &SentryServer, feed: &str) {
        self.wait(&format!("{feed} is caught up"), |bench| {
            bench.done(feed).is_some_and(|done| server.state().now() - done < 120)
        })
        .await;
    }

    /// Waits until every feed has stored what the server has.
    pub(crate) async fn wait_until_complete(&mut self, server: &SentryServer) {
        for feed in ["errors", "transactions"] {
            self.wait_until_caught_up(server, feed).await;
        }
        self.wait("hours are stored", |bench| {
            bench.done("outcomes").is_some() && bench.done("sessions").is_some()
        })
        .await;
    }

    /// Waits until the poller has a state and a message with this text.
    pub(crate) async fn wait_for_state(&mut self, state: HealthState, message: &str) {
        self.wait(&format!("{state:?} {message}"), |bench| {
            let status = bench.reporter.status();
            status.state == state && status.message.contains(message)
        })
        .await;
    }

    /// Asserts that the store contains exactly the totals of the server up to each checkpoint.
    pub(crate) async fn compare_with_truth(&mut self, server: &SentryServer, start: i64) {
        let errors = self.stored_until("errors", "sentry_errors_total").await;
        let stored = self.totals("sentry_errors_total", ["project", "level"]).await;
        let truth = server.state().data.error_totals(start, errors);
        let truth: BTreeMap<[String; 2], f64> =
            truth.into_iter().map(|((project, level), count)| ([project, level], count)).collect();
        assert!(!truth.is_empty());
        assert_eq!(stored, truth, "errors");

        let transactions = self.stored_until("transactions", "sentry_transactions_total").await;
        let stored = self.totals("sentry_transactions_total", ["project"]).await;
        let truth = server.state().data.transaction_totals(start, transactions);
        assert_eq!(stored, truth.into_iter().map(|(project, count)| ([project], count)).collect());

        let outcomes = self.stored_until("outcomes", "sentry_outcomes_total").await;
        let mut stored = self.totals("sentry_outcomes_total", ["project", "category", "outcome"]).await;
        stored.extend(self.totals("sentry_outcome_bytes_total", ["project", "category", "outcome"]).await);
        for (key, seconds) in
            self.totals("sentry_outcome_seconds_total", ["project", "category", "outcome"]).await
        {
            stored.insert(key, (seconds * 1e3).round());
        }
        let truth = server.state().data.outcome_totals(start, outcomes);
        let truth: BTreeMap<[String; 3], f64> =
            truth.into_iter().map(|((a, b, c), n)| ([a, b, c], n)).collect();
        assert_eq!(stored, truth, "outcomes");

        let sessions = self.stored_until("sessions", "sentry_sessions_total").await;
        let stored = self.totals("sentry_sessions_total", ["project", "environment", "status"]).await;
        let truth = server.state().data.session_totals(start, sessions, |one| {
            [one.project, one.environment, one.status].map(str::to_owned)
        });
        let truth: BTreeMap<[String; 3], f64> =
            truth.into_iter().map(|(key, [count, ..])| (key, count)).collect();
        assert_eq!(stored, truth, "sessions");
    }
}

pub(crate) fn assert_schema_followed(server: &SentryServer) {
    assert_eq!(server.state().violations, Vec::<String>::new());
}

/// Returns the start of the first request at first contact.
pub(crate) fn first_start(server: &SentryServer, hours: i64) -> i64 {
    (server.state().now() - hours * HOUR).div_euclid(HOUR) * HOUR
}
