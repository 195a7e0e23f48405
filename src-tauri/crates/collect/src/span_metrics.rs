//! Rates, errors and durations of every operation, counted from committed spans.

mod operation;
mod totals;

use std::time::Duration;

use model::{HealthState, Timestamp};
use runtime::{Clock, HealthReporter, Schedule};
use store::{Commit, Store, StoreError};
use tokio::{sync::broadcast::error::RecvError, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use totals::SpanTotals;

/// Interval between writes of changed operations.
const WRITE_INTERVAL: Duration = Duration::from_secs(10);
/// Spans counted before the task yields.
const SPANS_PER_YIELD: usize = 500;

/// Counts the spans of each commit until `stop` is cancelled. Every ten seconds it writes
/// `traces_spanmetrics_calls_total` and `traces_spanmetrics_duration_seconds` of changed
/// operations, by service, operation, kind and status. Spans that started more than five minutes
/// ago are not counted, because they would appear as a burst of calls now.
pub async fn run_span_metrics(store: Store, clock: Clock, reporter: HealthReporter, stop: CancellationToken) {
    let mut commits = store.subscribe();
    let mut counting = Counting { totals: SpanTotals::default(), store, reporter, missed: 0 };
    let mut writing: Option<Writing> = None;
    let mut schedule = Schedule::new(WRITE_INTERVAL, "span metrics");
    let mut next = clock.instant() + schedule.next_delay(clock.now());
    counting.reporter.healthy();
    loop {
        tokio::select! {
            commit = commits.recv() => match commit {
                Ok(commit) => counting.count(&commit, clock.now()).await,
                Err(RecvError::Lagged(commits)) => counting.missed += commits,
                Err(RecvError::Closed) => return stop.cancelled().await,
            },
            // Counting continues during a write, because the channel drops commits that wait too
            // long.
            written = finished(&mut writing) => {
                writing = None;
                counting.conclude(written);
            }
            () = clock.sleep_until(next), if writing.is_none() => {
                writing = counting.begin_write(schedule.begin(clock.now()));
                next = clock.instant() + schedule.next_delay(clock.now());
            }
            () = stop.cancelled() => break,
        }
    }
    // The spans of the last seconds are counted before the process ends.
    while let Ok(commit) = commits.try_recv() {
        counting.count(&commit, clock.now()).await;
    }
    if writing.is_some() {
        counting.conclude(finished(&mut writing).await);
    }
    let mut last = counting.begin_write(schedule.end(clock.now()));
    if last.is_some() {
        counting.conclude(finished(&mut last).await);
    }
}

type Writing = JoinHandle<Result<(), StoreError>>;

/// Waits for the outcome of the write under way; forever if there is none.
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
            for spans in batch.spans.chunks(SPANS_PER_YIELD) {
                for span in spans {
                    self.totals.count(span, now);
                }
                if spans.len() == SPANS_PER_YIELD {
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

    /// Handles the outcome of a write. After a failure the next write includes the totals, which
    /// only grow.
    fn conclude(&mut self, written: Result<(), String>) {
        match written {
            Ok(()) => {
                self.totals.written();
                match self.missed {
                    0 => self.reporter.healthy(),
                    missed => self.reporter.report(
                        HealthState::Degraded,
                        format!("{missed} commits were missed, their spans are not counted"),
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
