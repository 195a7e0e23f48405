//! The requests of one connection that are answered at the moment.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The requests of one connection.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    begun: AtomicUsize,
    running: AtomicUsize,
}

impl Requests {
    /// Returns the number of requests so far, with those that are answered.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn are_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn begin(self: &Arc<Self>) -> RunningRequest {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        RunningRequest(Arc::clone(self))
    }
}

/// A request that is not answered yet.
pub(crate) struct RunningRequest(Arc<Requests>);

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
