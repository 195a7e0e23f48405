//! The queue of closed intervals between the StatsD socket and the store.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use model::TelemetryBatch;
use parking_lot::Mutex;
use runtime::{Clock, RetryPolicy, retry_while_busy};
use store::Store;
use tokio::sync::mpsc;

use super::aggregate::Interval;
use crate::counters::{IntakeCounters, records};

/// Intervals that wait while the store is full. Later ones are lost and counted.
const MAX_QUEUED_INTERVALS: usize = 12;

/// The losses that both ends of the queue count.
#[derive(Debug, Default)]
struct Losses {
    records: AtomicU64,
    /// The last error of the store.
    reason: Mutex<String>,
    counters: Arc<IntakeCounters>,
}

impl Losses {
    fn count(&self, batch: &TelemetryBatch) {
        self.records.fetch_add(batch.len() as u64, Relaxed);
        self.counters.count_rejected_records(batch.len() as u64);
    }

    fn set_reason(&self, reason: String) {
        *self.reason.lock() = reason;
    }
}

/// The sending end of the queue.
#[derive(Debug)]
pub(super) struct IntervalQueue {
    queue: mpsc::Sender<Interval>,
    losses: Arc<Losses>,
}

/// The end that stores the intervals.
#[derive(Debug)]
pub(super) struct IntervalWriter {
    queue: mpsc::Receiver<Interval>,
    store: Store,
    clock: Clock,
    losses: Arc<Losses>,
}

/// Creates a queue of intervals and the writer that empties it into `store`.
pub(super) fn interval_writer(
    store: Store,
    clock: Clock,
    counters: Arc<IntakeCounters>,
) -> (IntervalQueue, IntervalWriter) {
    let (sender, receiver) = mpsc::channel(MAX_QUEUED_INTERVALS);
    let losses = Arc::new(Losses { counters, ..Losses::default() });
    let queue = IntervalQueue { queue: sender, losses: Arc::clone(&losses) };
    (queue, IntervalWriter { queue: receiver, store, clock, losses })
}

impl IntervalQueue {
    /// Queues an interval. It is lost if the queue is full.
    pub(super) fn send(&self, interval: Interval) {
        if interval.batch.is_empty() {
            return;
        }
        if let Err(error) = self.queue.try_send(interval) {
            self.losses.count(&error.into_inner().batch);
        }
    }

    /// Returns a description of the losses since the last call, if there were any.
    pub(super) fn take_problem(&self) -> Option<String> {
        let lost = self.losses.records.swap(0, Relaxed);
        let reason = self.losses.reason.lock();
        (lost > 0).then(|| format!("{lost} aggregated values were lost: {reason}"))
    }
}

impl IntervalWriter {
    /// Stores intervals in order until the queue is closed. Retries each while the store is full.
    pub(super) async fn run(mut self) {
        while let Some(Interval { batch, reservation: _held }) = self.queue.recv().await {
            let write = || async {
                let outcome = self.store.write(batch.clone()).await;
                if let Err(error) = &outcome {
                    self.losses.set_reason(error.to_string());
                }
                outcome
            };
            match retry_while_busy(&self.clock, RetryPolicy::unlimited(), pending(), write).await {
                Ok(_) => self.losses.counters.count_stored(records(&batch), self.clock.now()),
                Err(error) => {
                    tracing::error!(%error, "could not store a StatsD interval, its values are lost");
                    self.losses.count(&batch);
                }
            }
        }
    }
}
