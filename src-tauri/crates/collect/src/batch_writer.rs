//! Writing of samples to the store, without a long wait in the loop that collects them.

use model::{HealthState, TelemetryBatch};
use runtime::{Clock, HealthReporter, RetryPolicy, retry_while_busy};
use store::Store;
use tokio_util::sync::CancellationToken;

/// Number of attempts before a batch is dropped. The next samples follow soon.
const MAX_ATTEMPTS: u32 = 4;

/// A writer of batches that may be dropped. It counts the dropped records.
#[derive(Debug)]
pub(crate) struct BatchWriter {
    clock: Clock,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
    dropped: u64,
}

impl BatchWriter {
    /// Creates a writer that reports its health to `reporter`.
    pub(crate) fn new(clock: Clock, store: Store, reporter: HealthReporter, stop: CancellationToken) -> Self {
        Self { clock, store, reporter, stop, dropped: 0 }
    }

    /// Writes `batch`. Retries while the store is busy, and drops the batch after a few attempts.
    /// Then reports the health of the component; `problem` is another problem of it, or empty.
    pub(crate) async fn write(&mut self, batch: TelemetryBatch, problem: &str) {
        let records = batch.len() as u64;
        let policy = RetryPolicy::attempts(MAX_ATTEMPTS);
        let write = || self.store.write(batch.clone());
        match retry_while_busy(&self.clock, policy, self.stop.cancelled(), write).await {
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
