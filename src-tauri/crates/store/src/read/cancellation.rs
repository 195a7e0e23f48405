//! Cancellation of a read whose caller went away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use duckdb::InterruptHandle;
use parking_lot::Mutex;

/// The interval at which an interrupt is repeated.
const REPEAT: Duration = Duration::from_millis(20);

/// A read in progress.
pub(crate) struct RunningRead {
    handle: Arc<InterruptHandle>,
    cancelled: Arc<AtomicBool>,
    finished: Mutex<bool>,
}

impl RunningRead {
    /// Begins a read. Setting `cancelled` ends it at its next check.
    pub(crate) fn new(handle: Arc<InterruptHandle>, cancelled: Arc<AtomicBool>) -> Self {
        Self { handle, cancelled, finished: Mutex::new(false) }
    }

    /// Returns whether the read was cancelled.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Records the end of the read. No interrupt hits a later read of the connection.
    pub(crate) fn finish(&self) {
        *self.finished.lock() = true;
    }

    /// Interrupts the read. Returns false once it is finished.
    fn interrupt(&self) -> bool {
        let finished = self.finished.lock();
        if !*finished {
            self.handle.interrupt();
        }
        !*finished
    }
}

/// A guard that cancels a read when it is dropped.
pub(crate) struct CancelOnDrop(pub(crate) Arc<RunningRead>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Release);
        if !self.0.interrupt() {
            return;
        }
        // The database forgets an interrupt between two statements, so it is repeated.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let running = Arc::clone(&self.0);
            runtime.spawn(async move {
                while running.interrupt() {
                    tokio::time::sleep(REPEAT).await;
                }
            });
        }
    }
}
