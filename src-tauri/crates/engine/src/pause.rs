//! Pausing and resuming collection.

use checks::CheckService;
use model::{Gap, GapReason, TimeRange, Timestamp};
use runtime::Clock;
use store::Store;
use tokio::sync::watch;

/// The switch that pauses sources and scheduled checks. A pause is recorded in the observation
/// ledger.
pub(crate) struct PauseSwitch {
    since: watch::Sender<Option<Timestamp>>,
    checks: CheckService,
    store: Store,
    clock: Clock,
}

impl PauseSwitch {
    pub(crate) fn new(checks: CheckService, store: Store, clock: Clock) -> Self {
        Self { since: watch::Sender::new(None), checks, store, clock }
    }

    /// Returns a receiver of the start of the pause, `None` while not paused.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Timestamp>> {
        self.since.subscribe()
    }

    /// Pauses or resumes. Does nothing if that is the state already.
    pub(crate) async fn set(&self, paused: bool) {
        let since = *self.since.borrow();
        match (since, paused) {
            (None, true) => {
                self.checks.pause(true);
                self.since.send_replace(Some(self.clock.now()));
            }
            (Some(since), false) => {
                self.checks.pause(false);
                self.since.send_replace(None);
                self.record(since).await;
            }
            _ => {}
        }
    }

    /// Records a pause that still lasts when the engine stops.
    pub(crate) async fn record_ongoing(&self) {
        let since = *self.since.borrow();
        if let Some(since) = since {
            self.record(since).await;
        }
    }

    async fn record(&self, since: Timestamp) {
        let gap = Gap { range: TimeRange::new(since, self.clock.now()), reason: GapReason::Paused };
        if let Err(error) = self.store.history().record_gap(gap).await {
            tracing::warn!(%error, "cannot record a pause in the observation ledger");
        }
    }
}
