//! The checkpoint thread: it moves the log into the database file while commits go on.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use duckdb::Connection;

use super::{checkpoint_space, presence::Presence};
use crate::StoreError;

/// The shortest interval between two checkpoints.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The handle of the thread. The thread ends when it is dropped.
pub(super) struct Checkpointer {
    requests: Option<Sender<()>>,
    is_running: Arc<AtomicBool>,
    /// Set if a checkpoint ran and its disk space is not released yet.
    holds_space: bool,
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
        let thread = Some(thread);
        Ok(Self { requests: Some(requests), is_running, holds_space: false, requested: None, thread })
    }

    /// Requests a checkpoint, unless one runs or was requested just before `now`.
    pub(super) fn request(&mut self, now: Instant) {
        let is_recent = self.requested.is_some_and(|at| now.saturating_duration_since(at) < MIN_INTERVAL);
        if is_recent || self.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.requested = Some(now);
        self.holds_space = true;
        if let Some(requests) = &self.requests
            && requests.send(()).is_err()
        {
            self.is_running.store(false, Ordering::Release);
        }
    }

    /// Releases the disk space of a checkpoint that has ended. Only the writer may call it: nobody
    /// else writes to the database then.
    pub(super) fn release_space(&mut self, folder: &Path) {
        if self.holds_space && !self.is_running() {
            self.holds_space = false;
            checkpoint_space::release(folder);
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
    folder: &Path,
    presence: &Presence,
    requests: &Receiver<()>,
    is_running: &AtomicBool,
) {
    while requests.recv().is_ok() {
        if presence.check().is_ok()
            && checkpoint_space::reserve(folder)
            && let Err(error) = connection.execute_batch("CHECKPOINT")
        {
            tracing::debug!(%error, "checkpoint failed, trying again later");
        }
        is_running.store(false, Ordering::Release);
    }
}
