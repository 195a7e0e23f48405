//! Rates, errors and durations of every operation, counted from the spans that are committed.

mod totals;

use std::time::Duration;

use model::{Cadence, HealthReporter, HealthState, Timestamp};
use store::{Commit, Store, StoreError};
use tokio::{sync::broadcast::error::RecvError, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::clock;
use totals::SpanTotals;

/// How often the operations that changed are written.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// Spans counted before other tasks get their turn.
const SPANS_AT_ONCE: usize = 500;

/// Counts the spans of each commit and writes `traces_spanmetrics_calls_total` and
/// `traces_spanmetrics_duration_seconds` by service, operation, kind and status every ten seconds for those
/// that changed, until `stop` is cancelled. Spans that started more than five minutes ago were sent late and
/// are not counted: they would show as a rush of calls now.
pub async fn run_span_metrics(store: Store, reporter: HealthReporter, stop: CancellationToken) {
    let mut commits = store.subscribe();
    let mut counting = Counting { totals: SpanTotals::default(), store, reporter, missed: 0 };
    let mut writing: Option<Writing> = None;
    let mut cadence = Cadence::new(WRITE_EVERY, "span metrics");
    let mut next = Instant::now() + cadence.next_wait(clock::now());
    counting.reporter.healthy();
    loop {
        tokio::select! {
            commit = commits.recv() => match commit {
                Ok(commit) => counting.count(&commit, clock::now()).await,
                Err(RecvError::Lagged(commits)) => counting.missed += commits,
                Err(RecvError::Closed) => return stop.cancelled().await,
            },
            // Counting goes on during a write: commits that wait too long are lost to a subscriber.
            written = finished(&mut writing) => {
                writing = None;
                counting.conclude(written);
            }
            () = tokio::time::sleep_until(next), if writing.is_none() => {
                writing = counting.begin_write(cadence.begin(clock::now()));
                next = Instant::now() + cadence.next_wait(clock::now());
            }
            () = stop.cancelled() => break,
        }
    }
    // What the last seconds brought would be lost with the process otherwise.
    while let Ok(commit) = commits.try_recv() {
        counting.count(&commit, clock::now()).await;
    }
    if writing.is_some() {
        counting.conclude(finished(&mut writing).await);
    }
    let mut last = counting.begin_write(cadence.end(clock::now()));
    if last.is_some() {
        counting.conclude(finished(&mut last).await);
    }
}

type Writing = JoinHandle<Result<(), StoreError>>;

/// The outcome of the write under way; never, if there is none.
async fn finished(writing: &mut Option<Writing>) -> Result<(), String> {
    match writing {
        Some(writing) => match writing.await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(error) => Err(format!("writing failed: {error}")),
        },
        None => std::future::pending().await,
    }
}

struct Counting {
    totals: SpanTotals,
    store: Store,
    reporter: HealthReporter,
    missed: u64,
}

impl Counting {
    async fn count(&mut self, commit: &Commit, now: Timestamp) {
        for batch in &commit.telemetry {
            for spans in batch.spans.chunks(SPANS_AT_ONCE) {
                for span in spans {
                    self.totals.count(span, now);
                }
                if spans.len() == SPANS_AT_ONCE {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn begin_write(&mut self, now: Timestamp) -> Option<Writing> {
        let batch = self.totals.changed(now);
        let store = self.store.clone();
        (!batch.is_empty()).then(|| tokio::spawn(async move { store.write(batch).await }))
    }

    /// Totals that could not be written are written with the next ones: they only grow, so nothing is lost.
    fn conclude(&mut self, written: Result<(), String>) {
        match written {
            Ok(()) => {
                self.totals.written();
                match self.missed {
                    0 => self.reporter.healthy(),
                    missed => self.reporter.report(
                        HealthState::Degraded,
                        format!("{missed} commits came too fast for their spans to be counted"),
                    ),
                }
            }
            Err(error) => {
                self.totals.not_written();
                self.reporter.report(HealthState::Degraded, error);
            }
        }
    }
}
