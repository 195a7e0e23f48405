//! Groups of tasks that are stopped together, upstream first.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A group of tasks that is stopped as one. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Stage {
    /// Returns a token that is cancelled with the stage.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.child_token()
    }

    /// Runs a task that observes a token of the stage itself.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Stops all tasks and waits for them, at most `deadline`. Returns true if all have ended.
    pub(crate) async fn stop(&self, deadline: Duration) -> bool {
        self.token.cancel();
        self.tracker.close();
        tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok()
    }
}
