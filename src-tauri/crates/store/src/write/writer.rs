//! The writer: the handle of the writer thread, with its queue.

use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use parking_lot::Mutex;
use runtime::Clock;
use tokio::sync::{broadcast, oneshot};

use super::{
    cardinality::CardinalityLimiter,
    checkpointer::Checkpointer,
    job::{Done, Job, Work, WriterStatistics},
    presence::Presence,
    writer_thread::WriterThread,
};
use crate::{
    Commit, StoreError,
    catalog::series_catalog::SeriesCatalog,
    database::{
        connection::Opened,
        paths::{DATABASE, LOG},
    },
    integrity::folder_state::StateKeeper,
    segment::manifest::SharedManifest,
    traces::identity::SpanIdentities,
};

/// The handle of the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    limit: usize,
    pub(crate) statistics: Arc<WriterStatistics>,
    /// The state of the folder, which the thread writes.
    pub(crate) keeper: Arc<StateKeeper>,
    pub(crate) presence: Arc<Presence>,
}

impl Writer {
    /// Starts the thread. It ends after a `Close` or when every `Writer` is gone.
    pub(crate) fn start(
        opened: Opened,
        catalog: Arc<SeriesCatalog>,
        limiter: Arc<Mutex<CardinalityLimiter>>,
        manifest: Arc<SharedManifest>,
        commits: broadcast::Sender<Commit>,
        clock: Clock,
        limit: usize,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let Opened { connection, folder, notices, lock } = opened;
        let keeper = Arc::new(StateKeeper::new(folder.clone(), notices));
        let presence = Arc::new(Presence::new(folder.join(DATABASE)));
        let next_log_id =
            connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM logs", [], |row| row.get(0))?;
        let checkpointer =
            Checkpointer::start(connection.try_clone()?, folder.clone(), Arc::clone(&presence))?;
        let (jobs, receiver) = channel();
        let statistics = Arc::new(WriterStatistics::default());
        let thread = WriterThread {
            connection,
            catalog,
            limiter,
            commits,
            clock,
            statistics: Arc::clone(&statistics),
            next_log_id,
            span_identities: SpanIdentities::default(),
            manifest,
            log: folder.join(LOG),
            state_written: None,
            checkpointer: Some(checkpointer),
            presence: Arc::clone(&presence),
            keeper: Arc::clone(&keeper),
            folder,
            _lock: lock,
        };
        let handle = std::thread::Builder::new()
            .name("store writer".to_owned())
            .spawn(move || thread.run(&receiver))
            .map_err(|error| StoreError::Database(format!("the writer thread did not start: {error}")))?;
        Ok((Self { jobs, limit, statistics, keeper, presence }, handle))
    }

    /// Queues work of a size in records. Returns the receiver of its outcome.
    pub(crate) fn submit(
        &self,
        work: Work,
        size: usize,
    ) -> Result<oneshot::Receiver<Result<Done, StoreError>>, StoreError> {
        // A batch larger than the queue is accepted when the queue is empty.
        let reserved = self.statistics.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, |queued| {
            let after = queued.saturating_add(size);
            (after <= self.limit || queued == 0).then_some(after)
        });
        if reserved.is_err() {
            self.statistics.rejected.fetch_add(1, Ordering::Relaxed);
            return Err(StoreError::Busy { retry_after: self.retry_after() });
        }
        let (reply, outcome) = oneshot::channel();
        self.jobs.send(Job { work, size, reply }).map_err(|_| {
            self.statistics.queued.fetch_sub(size, Ordering::AcqRel);
            StoreError::Closed
        })?;
        Ok(outcome)
    }

    /// Estimates when the queue has space: after a few commits.
    fn retry_after(&self) -> Duration {
        let commit = Duration::from_nanos(self.statistics.commit_duration.load(Ordering::Relaxed));
        (commit * 4).clamp(Duration::from_millis(100), Duration::from_secs(5))
    }
}
