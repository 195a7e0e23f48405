//! A real store for the tests, and functions that wait for commits.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    time::Duration,
};

use model::{ComponentStatus, HealthState, LogRecord, Series, SeriesId, TelemetryBatch};
use runtime::HealthReporter;
use store::{Commit, Store, StoreOptions};
use test_support::wait;
use tokio::{sync::broadcast::Receiver, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Timeout that suits a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(40);

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) commits: Receiver<Commit>,
    pub(crate) reporter: HealthReporter,
    pub(crate) stop: CancellationToken,
    /// Descriptors of earlier commits. A target describes its series once.
    described: HashMap<SeriesId, Series>,
    tasks: Vec<JoinHandle<()>>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(StoreOptions { memory_limit_bytes: 256 << 20, threads: 1, ..StoreOptions::default() })
    }

    pub(crate) fn with(options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data"), options).unwrap();
        let commits = store.subscribe();
        let reporter = HealthReporter::new("test");
        Self {
            folder,
            store,
            commits,
            reporter,
            stop: CancellationToken::new(),
            described: HashMap::new(),
            tasks: Vec::new(),
        }
    }

    pub(crate) fn run(&mut self, component: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(component));
    }

    /// Stops the running components, waits for their end, and allows the next ones.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            tokio::time::timeout(TIMEOUT, task).await.expect("a component ends when it is stopped").unwrap();
        }
        self.stop = CancellationToken::new();
    }

    /// Waits until the component reports a status that meets `condition`, and returns it.
    pub(crate) async fn wait_for_status(
        &self,
        condition: impl Fn(&ComponentStatus) -> bool,
    ) -> ComponentStatus {
        let reporter = self.reporter.clone();
        wait_until("the component reports the status", async || condition(&reporter.status())).await;
        self.reporter.status()
    }

    /// Waits until the component reports any status, and returns it.
    pub(crate) async fn first_status(&self) -> ComponentStatus {
        self.wait_for_status(|status| status.state != HealthState::Unknown).await
    }

    /// Waits for the next commit and returns its telemetry, with the descriptors of all its series.
    pub(crate) async fn next_commit(&mut self) -> TelemetryBatch {
        let commit = tokio::time::timeout(TIMEOUT, self.commits.recv()).await.expect("a commit").unwrap();
        let mut whole = TelemetryBatch::default();
        for batch in &commit.telemetry {
            let batch = batch.as_ref().clone();
            whole.series.extend(batch.series);
            whole.samples.extend(batch.samples);
            whole.histograms.extend(batch.histograms);
            whole.logs.extend(batch.logs);
        }
        self.described.extend(whole.series.iter().cloned());
        let points = whole.samples.iter().map(|sample| sample.series);
        let mut missing: HashSet<SeriesId> =
            points.chain(whole.histograms.iter().map(|point| point.series)).collect();
        missing.retain(|id| !whole.series.iter().any(|(described, _)| described == id));
        let earlier = missing.into_iter().map(|id| (id, self.described[&id].clone()));
        whole.series.extend(earlier);
        whole
    }

    /// Waits for the next `count` log records.
    pub(crate) async fn next_logs(&mut self, count: usize) -> Vec<LogRecord> {
        let mut logs = Vec::new();
        while logs.len() < count {
            logs.extend(self.next_commit().await.logs);
        }
        logs
    }

    /// Fails if anything is committed within a second.
    pub(crate) async fn expect_silence(&mut self) {
        if let Ok(commit) = tokio::time::timeout(Duration::from_secs(1), self.commits.recv()).await {
            panic!("unexpected commit {commit:?}");
        }
    }
}

/// Waits until `condition` holds, with several checks a second.
pub(crate) async fn wait_until(expectation: &str, mut condition: impl AsyncFnMut() -> bool) {
    wait::wait_until(expectation, async || Ok(condition().await)).await.unwrap();
}

/// Returns the value of the first series of that name in a batch.
pub(crate) fn value(batch: &TelemetryBatch, name: &str) -> f64 {
    values(batch, name).first().unwrap_or_else(|| panic!("no {name}")).1
}

/// Returns the series of that name with their values.
pub(crate) fn values(batch: &TelemetryBatch, name: &str) -> Vec<(Series, f64)> {
    let series = batch.series.iter().filter(|(_, series)| series.name == name);
    series
        .filter_map(|(id, series)| {
            let sample = batch.samples.iter().rfind(|sample| sample.series == *id)?;
            Some((series.clone(), sample.value))
        })
        .collect()
}

pub(crate) fn bodies(logs: &[LogRecord]) -> Vec<&str> {
    logs.iter().map(|log| log.body.as_str()).collect()
}
