//! The state that the listeners share with their requests: store, counters, clock and limits.

use std::sync::Arc;

use model::Timestamp;
use runtime::Clock;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    counters::IntakeCounters, error::IngestError, limits::connections::Connections, rejection::Rejection,
};

/// The connection of one listener to the store.
#[derive(Clone)]
pub(crate) struct Intake {
    store: Store,
    counters: Arc<IntakeCounters>,
    clock: Clock,
    connections: Connections,
}

impl Intake {
    /// Connects a listener to the store.
    pub(crate) fn new(store: Store, clock: Clock, counters: Arc<IntakeCounters>) -> Self {
        Self { store, counters, clock, connections: Connections::new() }
    }

    /// Returns the store that receives the records.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the counters of the listener.
    pub(crate) fn counters(&self) -> &IntakeCounters {
        &self.counters
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the limits of the listener's requests.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Counts and logs a rejected request.
    pub(crate) fn reject(&self, rejection: &Rejection) {
        tracing::debug!(reason = %rejection, "request rejected");
        self.counters.count_rejected_request();
    }

    /// Runs a server as [`Connections::serve_until`] does.
    pub(crate) async fn serve_until(
        &self,
        stop: CancellationToken,
        server: impl Future<Output = Result<(), IngestError>>,
    ) -> Result<(), IngestError> {
        self.connections.serve_until(stop, server).await
    }
}
