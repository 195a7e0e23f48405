//! Writing of samples to the store, without a long wait in the loop that collects them.

use std::{sync::Arc, time::Duration};

use model::{HealthState, TelemetryBatch};
use runtime::{Clock, HealthReporter, RetryPolicy, retry_while_busy};
use store::{Accepted, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Number of attempts before a batch is dropped. The next samples follow soon.
const MAX_ATTEMPTS: u32 = 4;

/// Time in which samples of a target are committed, together with those of others.
const PATIENCE: Duration = Duration::from_millis(250);

/// A writer of batches that may be dropped. It counts the dropped records.
#[derive(Debug)]
pub(crate) struct BatchWriter {
    clock: Clock,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
    patience: Duration,
    dropped: u64,
}

impl BatchWriter {
    /// Creates a writer that reports its health to `reporter`.
    pub(crate) fn new(clock: Clock, store: Store, reporter: HealthReporter, stop: CancellationToken) -> Self {
        Self { clock, store, reporter, stop, patience: Duration::ZERO, dropped: 0 }
    }

    /// Creates a writer for one of many targets, whose batches are committed together.
    pub(crate) fn of_target(
        clock: Clock,
        store: Store,
        reporter: HealthReporter,
        stop: CancellationToken,
    ) -> Self {
        Self { patience: PATIENCE, ..Self::new(clock, store, reporter, stop) }
    }

    /// Writes `batch`. Retries while the store is busy, and drops the batch after a few attempts.
    /// Then reports the health of the component; `problem` is another problem of it, or empty.
    pub(crate) async fn write(&mut self, batch: TelemetryBatch, problem: &str) {
        self.write_described(batch, problem, |_| {}).await;
    }

    /// Writes `batch` like [`Self::write`]. If the store lacks a series that the batch does not
    /// describe, `describe` adds the descriptors of all. Returns the batch if all of it was stored.
    pub(crate) async fn write_described(
        &mut self,
        batch: TelemetryBatch,
        problem: &str,
        describe: impl FnOnce(&mut TelemetryBatch),
    ) -> Option<Arc<TelemetryBatch>> {
        let records = batch.len() as u64;
        let mut batch = Arc::new(batch);
        let mut outcome = self.attempt(&batch).await;
        if matches!(outcome, Err(StoreError::InvalidRequest(_))) {
            describe(Arc::make_mut(&mut batch));
            outcome = self.attempt(&batch).await;
        }
        let is_stored = outcome.as_ref().is_ok_and(|accepted| accepted.dropped == 0);
        self.report(outcome.map(|_| ()), records, problem);
        is_stored.then_some(batch)
    }

    async fn attempt(&self, batch: &Arc<TelemetryBatch>) -> Result<Accepted, StoreError> {
        let policy = RetryPolicy::attempts(MAX_ATTEMPTS);
        // What comes at the end is not waited for.
        let patience = if self.stop.is_cancelled() { Duration::ZERO } else { self.patience };
        let write = || self.store.accept_within(Arc::clone(batch), patience);
        retry_while_busy(&self.clock, policy, self.stop.cancelled(), write).await
    }

    fn report(&mut self, outcome: Result<(), StoreError>, records: u64, problem: &str) {
        match outcome {
            Ok(()) if !problem.is_empty() => {
                self.reporter.report(HealthState::Degraded, format!("{problem}{}", self.dropped_so_far()));
            }
            Ok(()) if self.dropped == 0 => self.reporter.healthy(),
            Ok(()) => self
                .reporter
                .report(HealthState::Healthy, self.dropped_so_far().trim_start_matches("; ").to_owned()),
            Err(error) => {
                self.dropped += records;
                let message = format!("{error}{}", self.dropped_so_far());
                self.reporter.report(HealthState::Degraded, message);
            }
        }
    }

    fn dropped_so_far(&self) -> String {
        match self.dropped {
            0 => String::new(),
            records => format!("; {records} samples could not be stored and were dropped"),
        }
    }
}
