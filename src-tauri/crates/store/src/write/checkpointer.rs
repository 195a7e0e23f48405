//! The checkpoint thread: it moves the log into the database file while commits go on.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use duckdb::Connection;

use super::presence::Presence;
use crate::{StoreError, lifecycle::shrink::has_space_for_checkpoint};

/// The shortest interval between two checkpoints.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The handle of the thread. The thread ends when it is dropped.
pub(super) struct Checkpointer {
    requests: Option<Sender<()>>,
    is_running: Arc<AtomicBool>,
    requested: Option<Instant>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread with a connection of its own.
    pub(super) fn start(
        connection: Connection,
        folder: PathBuf,
        presence: Arc<Presence>,
    ) -> Result<Self, StoreError> {
        let (requests, receiver) = channel();
        let is_running = Arc::new(AtomicBool::new(false));
        let running = Arc::clone(&is_running);
        let thread = std::thread::Builder::new()
            .name("store checkpoint".to_owned())
            .spawn(move || run(&connection, &folder, &presence, &receiver, &running))
            .map_err(|error| StoreError::Database(format!("the checkpoint thread did not start: {error}")))?;
        Ok(Self { requests: Some(requests), is_running, requested: None, thread: Some(thread) })
    }

    /// Requests a checkpoint, unless one runs or was requested just before `now`.
    pub(super) fn request(&mut self, now: Instant) {
        let is_recent = self.requested.is_some_and(|at| now.saturating_duration_since(at) < MIN_INTERVAL);
        if is_recent || self.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.requested = Some(now);
        if let Some(requests) = &self.requests
            && requests.send(()).is_err()
        {
            self.is_running.store(false, Ordering::Release);
        }
    }

    /// Returns whether a checkpoint runs.
    pub(super) fn is_running(&self) -> bool {
        self.is_running.load(Ordering::Acquire)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.requests.take();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to finish.
            let _ = thread.join();
        }
    }
}

fn run(
    connection: &Connection,
    folder: &std::path::Path,
    presence: &Presence,
    requests: &Receiver<()>,
    is_running: &AtomicBool,
) {
    while requests.recv().is_ok() {
        if presence.check().is_ok()
            && has_space_for_checkpoint(folder)
            && let Err(error) = connection.execute_batch("CHECKPOINT")
        {
            tracing::debug!(%error, "checkpoint failed, trying again later");
        }
        is_running.store(false, Ordering::Release);
    }
}
