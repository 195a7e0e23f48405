//! Intervals on their way into the store, which may have no room for a while.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use model::TelemetryBatch;
use store::Store;
use tokio::sync::mpsc;

use crate::{
    Trimmed,
    counters::{IntakeCounters, records},
    intake::now,
};

/// How many intervals wait while the store has no room; those that come then are lost and counted.
const WAITING_INTERVALS: usize = 12;

/// What is shared between both ends.
#[derive(Debug, Default)]
struct Losses {
    records: AtomicU64,
    /// Why, as the store said it last.
    reason: Mutex<String>,
    counters: Arc<IntakeCounters>,
}

impl Losses {
    fn count(&self, batch: &TelemetryBatch) {
        self.records.fetch_add(batch.len() as u64, Relaxed);
        self.counters.count_rejected(batch.len() as u64, Trimmed::default());
    }

    fn set_reason(&self, reason: String) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

/// The end that intervals are given to.
#[derive(Debug)]
pub(super) struct Intervals {
    waiting: mpsc::Sender<TelemetryBatch>,
    losses: Arc<Losses>,
}

/// The end that stores them.
#[derive(Debug)]
pub(super) struct Keeping {
    waiting: mpsc::Receiver<TelemetryBatch>,
    store: Store,
    losses: Arc<Losses>,
}

/// Both ends of a way into the store.
pub(super) fn keeping(store: Store, counters: Arc<IntakeCounters>) -> (Intervals, Keeping) {
    let (sender, waiting) = mpsc::channel(WAITING_INTERVALS);
    let losses = Arc::new(Losses { counters, ..Losses::default() });
    (Intervals { waiting: sender, losses: Arc::clone(&losses) }, Keeping { waiting, store, losses })
}

impl Intervals {
    /// Has an interval stored; it is lost if too many wait already.
    pub(super) fn send(&self, batch: TelemetryBatch) {
        if batch.is_empty() {
            return;
        }
        if let Err(error) = self.waiting.try_send(batch) {
            self.losses.count(&error.into_inner());
        }
    }

    /// What was lost since the last time this was asked, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        let lost = self.losses.records.swap(0, Relaxed);
        let reason = self.losses.reason.lock().unwrap_or_else(PoisonError::into_inner);
        (lost > 0).then(|| format!("{lost} values put together were lost: {reason}"))
    }
}

impl Keeping {
    /// Stores intervals in order, each again for as long as the store has no room, until no more can come.
    pub(super) async fn keep(mut self) {
        while let Some(batch) = self.waiting.recv().await {
            loop {
                let Err(error) = self.store.write(batch.clone()).await else {
                    self.losses.counters.count_stored(records(&batch), now());
                    break;
                };
                self.losses.set_reason(error.to_string());
                let Some(retry_after) = error.retry_after() else {
                    tracing::error!(%error, "an interval of StatsD could not be stored");
                    self.losses.count(&batch);
                    break;
                };
                tokio::time::sleep(retry_after).await;
            }
        }
    }
}
