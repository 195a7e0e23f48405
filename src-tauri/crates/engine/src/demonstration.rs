//! The demonstration shop inside the engine: it sends to a private port of its own, so that it works
//! whatever the settings say.

use std::{sync::Arc, time::Duration};

use ingest::IntakeCounters;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Engine, EngineError};

/// How much of the past the shop makes up, so that there is something to look at.
const HISTORY: Duration = Duration::from_secs(3 * 3600);

/// The shop, running or not.
#[derive(Debug, Default)]
pub(crate) struct Demonstration {
    running: Option<(CancellationToken, TaskTracker)>,
}

impl Demonstration {
    pub(crate) fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(|(_, tasks)| !tasks.is_empty())
    }

    pub(crate) async fn stop(&mut self) {
        if let Some((stop, tasks)) = self.running.take() {
            stop.cancel();
            tasks.close();
            // The receiving side drains within its own deadline.
            let _ = tokio::time::timeout(Duration::from_secs(8), tasks.wait()).await;
        }
    }
}

impl Engine {
    /// Starts the demonstration shop; nothing happens if it runs.
    pub async fn start_demonstration(&self) -> Result<(), EngineError> {
        let mut demonstration = self.inner.demonstration.lock().await;
        if demonstration.is_running() {
            return Ok(());
        }
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| EngineError::Refused(format!("the demonstration needs a port: {error}")))?;
        let address = listener
            .local_addr()
            .map_err(|error| EngineError::Refused(format!("the demonstration needs a port: {error}")))?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (store, received) = (self.inner.store.clone(), stop.clone());
        tasks.spawn(async move {
            let counters = Arc::new(IntakeCounters::default());
            if let Err(error) = ingest::serve_otlp_grpc(listener, store, counters, received).await {
                tracing::warn!(%error, "the demonstration is not received");
            }
        });
        let (options, sent) = (
            demo::Options {
                endpoint: format!("http://{address}"),
                history: HISTORY,
                realtime: true,
                seed: self.inner.started.0.unsigned_abs(),
            },
            stop.clone(),
        );
        tasks.spawn(async move {
            if let Err(error) = demo::run(options, sent.clone()).await {
                tracing::warn!(%error, "the demonstration stopped");
            }
            sent.cancel();
        });
        demonstration.running = Some((stop, tasks));
        Ok(())
    }

    /// Stops the demonstration shop and, if `remove`, takes every trace of it out of the store. Gives
    /// what was removed.
    pub async fn stop_demonstration(&self, remove: bool) -> Result<model::RecordCounts, EngineError> {
        let mut demonstration = self.inner.demonstration.lock().await;
        demonstration.stop().await;
        if remove { Ok(self.inner.store.remove_demonstration().await?) } else { Ok(Default::default()) }
    }
}
