//! Limits on the requests of one listener: how many are decoded at once, and the end of all.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::rejection::Rejection;

/// Requests that are decoded at the same time.
const CONCURRENT_DECODERS: usize = 2;
/// Time that requests have to finish after the listener was stopped.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// Time that the answers to requests have that still run then.
const ANSWER_DEADLINE: Duration = Duration::from_secs(1);

/// The requests of one listener.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    decoders: Arc<Semaphore>,
    ended: CancellationToken,
    requests: TaskTracker,
}

impl Connections {
    /// Creates the limits of a listener that has no requests yet.
    pub(crate) fn new() -> Self {
        Self {
            decoders: Arc::new(Semaphore::new(CONCURRENT_DECODERS)),
            ended: CancellationToken::new(),
            requests: TaskTracker::new(),
        }
    }

    /// Waits until fewer than [`CONCURRENT_DECODERS`] requests are being decoded.
    pub(crate) async fn decoder(&self) -> Result<OwnedSemaphorePermit, Rejection> {
        self.decoders.clone().acquire_owned().await.map_err(|_| Rejection::Internal)
    }

    /// Runs work that outlives its request, and that the listener waits for at its end.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.requests.spawn(work)
    }

    /// Runs the work of a request until the listener has ended. The store gets no records after
    /// that.
    pub(crate) async fn until_ended<T>(
        &self,
        work: impl Future<Output = Result<T, Rejection>>,
    ) -> Result<T, Rejection> {
        let _running = self.requests.token();
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(Rejection::Unavailable("Binnacle is stopping".to_owned())),
            outcome = work => outcome,
        }
    }

    /// Runs a server until it ends, but at most [`DRAIN_DEADLINE`] longer than `stop`.
    ///
    /// Requests that still run then are answered with [`Rejection::Unavailable`]. A request can
    /// outlive its connection, so the function waits for the requests too.
    pub(crate) async fn serve_until(&self, stop: CancellationToken, server: impl Future<Output = ()>) {
        let deadline = async {
            stop.cancelled().await;
            tokio::time::sleep(DRAIN_DEADLINE).await;
        };
        let mut server = pin!(server);
        let has_ended = tokio::select! {
            () = server.as_mut() => true,
            () = deadline => false,
        };
        self.ended.cancel();
        self.requests.close();
        self.requests.wait().await;
        if !has_ended {
            // Sends the answers to requests that were refused at the deadline.
            let _ = tokio::time::timeout(ANSWER_DEADLINE, server).await;
        }
    }
}
