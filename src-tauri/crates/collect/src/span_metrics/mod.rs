//! Rates, errors and durations of every operation, counted from the spans that are committed.

mod totals;

use std::time::Duration;

use model::{HealthState, PartReporter, TelemetryBatch};
use store::{Store, StoreError};
use tokio::{sync::broadcast::error::RecvError, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock;
use totals::SpanTotals;

/// How often the operations that changed are written.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// Counts the spans of each commit and writes `traces_spanmetrics_calls_total` and
/// `traces_spanmetrics_duration_seconds` by service, operation, kind and status every ten seconds for those
/// that changed, until `stop` is cancelled. Spans that started more than five minutes ago were sent late and
/// are not counted: they would show as a rush of calls now.
pub async fn run_span_metrics(store: Store, reporter: PartReporter, stop: CancellationToken) {
    let mut commits = store.subscribe();
    let mut totals = SpanTotals::default();
    let mut missed = 0_u64;
    let mut ticks = tokio::time::interval(WRITE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    reporter.healthy();
    loop {
        tokio::select! {
            commit = commits.recv() => match commit {
                Ok(commit) => {
                    let now = clock::now();
                    for span in commit.telemetry.iter().flat_map(|batch| &batch.spans) {
                        totals.count(span, now);
                    }
                    if commit.telemetry.iter().any(|batch| batch.spans.len() > 1_000) {
                        tokio::task::yield_now().await;
                    }
                }
                Err(RecvError::Lagged(commits)) => missed += commits,
                Err(RecvError::Closed) => {
                    stop.cancelled().await;
                    return;
                }
            },
            _ = ticks.tick() => {
                let batch = totals.changed(clock::now());
                if !batch.is_empty() {
                    write(&store, batch, &mut totals, &reporter, missed).await;
                }
            }
            () = stop.cancelled() => {
                // What the last seconds counted would be lost with the process otherwise.
                let batch = totals.changed(clock::now());
                if !batch.is_empty() {
                    write(&store, batch, &mut totals, &reporter, missed).await;
                }
                return;
            }
        }
    }
}

/// Totals that could not be written are written with the next ones: they only grow, so nothing is lost.
async fn write(
    store: &Store,
    batch: TelemetryBatch,
    totals: &mut SpanTotals,
    reporter: &PartReporter,
    missed: u64,
) {
    match store.write(batch).await {
        Ok(()) => {
            totals.written();
            if missed == 0 {
                reporter.healthy();
            } else {
                let message = format!("{missed} commits came too fast to be counted");
                reporter.report(HealthState::Degraded, message);
            }
        }
        Err(StoreError::Busy { .. }) => {
            reporter.report(HealthState::Degraded, "the store is busy, totals will follow".to_owned());
        }
        Err(error) => reporter.report(HealthState::Unhealthy, error.to_string()),
    }
}
