//! The demonstration shop. It sends to a private port, so that it works with any settings.

use std::{sync::Arc, time::Duration};

use ingest::{IntakeBudget, IntakeCounters};
use model::RecordCounts;
use runtime::Clock;
use store::Store;
use tokio::{net::TcpListener, sync::Mutex};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::EngineError;

/// Length of the history the shop generates.
const HISTORY: Duration = Duration::from_secs(3 * 3600);
/// Time the receiver and the shop have to drain.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// The demonstration shop, running or not. Clones share it.
#[derive(Debug, Clone)]
pub struct Demonstration {
    store: Store,
    clock: Clock,
    budget: IntakeBudget,
    seed: u64,
    running: Arc<Mutex<Option<Running>>>,
}

#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    fn is_alive(&self) -> bool {
        !self.tasks.is_empty()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        // A task that exceeds the deadline ends with the program.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, self.tasks.wait()).await;
    }
}

impl Demonstration {
    pub(crate) fn new(store: Store, budget: IntakeBudget, clock: Clock, seed: u64) -> Self {
        Self { store, budget, clock, seed, running: Arc::default() }
    }

    /// Returns true while the shop runs, and while it is starting or stopping.
    pub fn is_running(&self) -> bool {
        match self.running.try_lock() {
            Ok(running) => running.as_ref().is_some_and(Running::is_alive),
            Err(_) => true,
        }
    }

    /// Starts the shop. Does nothing if it runs.
    pub async fn start(&self) -> Result<(), EngineError> {
        let mut running = self.running.lock().await;
        if running.as_ref().is_some_and(Running::is_alive) {
            return Ok(());
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(EngineError::DemonstrationPort)?;
        let address = listener.local_addr().map_err(EngineError::DemonstrationPort)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (store, clock, budget) = (self.store.clone(), self.clock.clone(), self.budget.clone());
        let receiver_stop = stop.clone();
        tasks.spawn(async move {
            let counters = Arc::new(IntakeCounters::default());
            let served = ingest::serve_otlp_grpc(listener, store, clock, counters, budget, receiver_stop);
            if let Err(error) = served.await {
                tracing::warn!(%error, "receiver of the demonstration failed");
            }
        });
        let options = demo::Options {
            endpoint: format!("http://{address}"),
            history: HISTORY,
            realtime: true,
            seed: self.seed,
        };
        let (clock, shop_stop) = (self.clock.clone(), stop.clone());
        tasks.spawn(async move {
            if let Err(error) = demo::run(options, clock, shop_stop.clone()).await {
                tracing::warn!(%error, "demonstration shop failed");
            }
            shop_stop.cancel();
        });
        *running = Some(Running { stop, tasks });
        Ok(())
    }

    /// Stops the shop.
    pub async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.stop().await;
        }
    }

    /// Stops the shop and removes its data from the store. Returns the number of records removed.
    pub async fn remove(&self) -> Result<RecordCounts, EngineError> {
        let mut running = self.running.lock().await;
        if let Some(running) = running.take() {
            running.stop().await;
        }
        Ok(self.store.admin().remove_demonstration().await?)
    }
}
