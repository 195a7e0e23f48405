//! The running commands of the page, which the page may cancel.

use std::{collections::HashMap, future::Future};

use api::{ApiError, ErrorCode};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

/// The running commands of the page, by the ids the page gave them.
#[derive(Default)]
pub(crate) struct Calls {
    running: Mutex<HashMap<u64, AbortHandle>>,
}

impl Calls {
    /// Runs a command to its end, or until [`Self::cancel`] drops it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        id: u64,
        command: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let task = tokio::spawn(command);
        self.running.lock().insert(id, task.abort_handle());
        let outcome = task.await;
        self.running.lock().remove(&id);
        outcome.unwrap_or_else(|error| {
            Err(if error.is_cancelled() {
                ApiError::new(ErrorCode::Unavailable, "the command was cancelled")
            } else {
                ApiError::new(ErrorCode::Internal, "the command failed: internal error")
            })
        })
    }

    /// Cancels a command. Does nothing if it has ended.
    pub(crate) fn cancel(&self, id: u64) {
        if let Some(task) = self.running.lock().remove(&id) {
            task.abort();
        }
    }

    /// Cancels all commands. A new page counts its ids from one again.
    pub(crate) fn cancel_all(&self) {
        let mut running = self.running.lock();
        running.drain().for_each(|(_, task)| task.abort());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_cancelled_command_is_dropped_and_others_end() {
        let calls = Arc::new(Calls::default());
        let (started, is_started) = oneshot::channel();
        let (held, mut is_dropped) = oneshot::channel::<()>();
        let endless = async move {
            let _held = held;
            let _ = started.send(());
            std::future::pending::<Result<u32, ApiError>>().await
        };
        let running = calls.clone();
        let cancelled = tokio::spawn(async move { running.run(1, endless).await });
        is_started.await.unwrap();
        calls.cancel(1);
        assert_eq!(cancelled.await.unwrap().unwrap_err().code, ErrorCode::Unavailable);
        assert!(is_dropped.try_recv().is_err(), "its sender is dropped");
        assert_eq!(calls.run(2, async { Ok(7) }).await.unwrap(), 7);
        assert!(calls.running.lock().is_empty());
    }
}
