//! Writing of samples to the store, without a long wait in the loop that collects them.

use model::{HealthState, TelemetryBatch};
use runtime::HealthReporter;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Number of attempts before a batch is dropped. The next samples follow soon.
const ATTEMPTS: u32 = 4;

/// A writer of batches that may be dropped. It counts the dropped records.
#[derive(Debug)]
pub(crate) struct BatchWriter {
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
    dropped: u64,
}

impl BatchWriter {
    /// Creates a writer that reports its health to `reporter`.
    pub(crate) fn new(store: Store, reporter: HealthReporter, stop: CancellationToken) -> Self {
        Self { store, reporter, stop, dropped: 0 }
    }

    /// Writes `batch`. Retries while the store is busy, and drops the batch after a few attempts.
    /// Then reports the health of the component; `problem` is another problem of it, or empty.
    pub(crate) async fn write(&mut self, batch: TelemetryBatch, problem: &str) {
        let records = batch.len() as u64;
        match write_with_retries(&self.store, batch, &self.stop).await {
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

async fn write_with_retries(
    store: &Store,
    batch: TelemetryBatch,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    for _ in 1..ATTEMPTS {
        let Err(error) = store.write(batch.clone()).await else { return Ok(()) };
        let Some(retry_after) = error.retry_after() else { return Err(error) };
        tokio::select! {
            () = tokio::time::sleep(retry_after) => {}
            () = stop.cancelled() => return Err(error),
        }
    }
    store.write(batch).await
}
