//! The store: opening, writing, and views for everything else.

use std::{path::Path, sync::Arc, time::Duration};

use model::{TelemetryBatch, TimeRange};
use tokio::sync::broadcast;

use crate::{
    Commit, DroppedSeries, StoreError, StoreOptions,
    admin::Admin,
    history::writer::History,
    integrity::{folder_repair, report::RepairReport},
    lifecycle::{instance::Instance, open, session::Session, shared_state::SharedState},
    logs::read::Logs,
    metrics::read::metrics_view::Metrics,
    read::{snapshot::Snapshot, source::ReadSource},
    traces::read::Traces,
    write::{job::Work, memory_size::size_in_records},
};

/// Commits that a subscriber may lag behind before it loses the oldest.
const COMMIT_BACKLOG: usize = 64;

/// All telemetry and history of one data folder. Clones share it. Dropping the last one closes it.
#[derive(Debug, Clone)]
pub struct Store {
    instance: Arc<Instance>,
    /// The source that writes through this clone; empty if unknown.
    source: Arc<str>,
}

/// The outcome of a committed batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Points dropped because their series exceed a limit.
    pub dropped: u64,
    /// The limits that dropped them.
    pub reasons: Vec<DroppedSeries>,
}

impl Store {
    /// Opens a data folder, or creates it. Blocks while the database replays its log.
    ///
    /// If there are segments and no database, the catalog is rebuilt from them. Fails without
    /// changing the database if that is damaged, was written by a newer version, belongs to another
    /// program or is open in another process.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let (folder, lock) = open::claim(folder)?;
        let (commits, _) = broadcast::channel(COMMIT_BACKLOG);
        let state = SharedState::new(commits);
        let session = Session::start(&folder, Arc::clone(&lock), &options, &state)?;
        let instance = Instance::new(folder, options, state, session, lock);
        Ok(Self { instance: Arc::new(instance), source: Arc::from("") })
    }

    /// Repairs the database and its log in a data folder that no engine uses. Of what is damaged,
    /// everything that reads is saved. What cannot be opened moves to the folder `quarantine` of
    /// the data folder. Blocks. Fails if the folder is in use or the database is of a newer
    /// version.
    pub fn repair(folder: &Path, options: &StoreOptions) -> Result<RepairReport, StoreError> {
        let (folder, lock) = open::claim(folder)?;
        folder_repair::repair(&folder, &lock, options)
    }

    /// Returns the same store for writes of one source. Dropped points are reported with its name.
    #[must_use]
    pub fn with_source(&self, source: &str) -> Self {
        Self { instance: Arc::clone(&self.instance), source: source.into() }
    }

    /// Commits a batch. Success means that it survives a crash. [`StoreError::Busy`] and
    /// [`StoreError::Full`] mean that nothing was stored, and when to try again. Points of series
    /// beyond the limits are dropped.
    pub async fn write(&self, batch: TelemetryBatch) -> Result<(), StoreError> {
        self.accept(batch).await.map(|_| ())
    }

    /// Commits a batch like [`Self::write`], and returns what was dropped.
    pub async fn accept(&self, batch: TelemetryBatch) -> Result<Accepted, StoreError> {
        self.accept_within(Arc::new(batch), Duration::ZERO).await
    }

    /// Commits a batch like [`Self::accept`], within `patience`: with others that arrive until
    /// then. A commit costs more than the samples of one source.
    pub async fn accept_within(
        &self,
        batch: Arc<TelemetryBatch>,
        patience: Duration,
    ) -> Result<Accepted, StoreError> {
        if batch.is_empty() && batch.series.is_empty() {
            return Ok(Accepted::default());
        }
        let disk_space = &self.instance.disk_space;
        if disk_space.is_stale() {
            self.admin().disk_space().await;
        }
        disk_space.admit()?;
        let size = size_in_records(&batch);
        let work = Work::Telemetry { incoming: (batch, Arc::clone(&self.source)), patience };
        let outcome = self.instance.submit(work, size).await;
        if matches!(outcome, Err(StoreError::Database(_) | StoreError::Recovering { .. }))
            && self.admin().disk_space().await.full
        {
            disk_space.admit()?;
        }
        let dropped = outcome?.dropped;
        Ok(Accepted { dropped: dropped.points, reasons: dropped.reasons })
    }

    /// Subscribes to all further commits.
    pub fn subscribe(&self) -> broadcast::Receiver<Commit> {
        self.instance.state.commits.subscribe()
    }

    /// Takes a snapshot for reads of a range: one consistent view of telemetry and history.
    pub async fn snapshot(&self, range: TimeRange) -> Result<Snapshot, StoreError> {
        Snapshot::begin(&self.instance, range).await
    }

    /// Takes a snapshot like [`Self::snapshot`] for many reads of samples within a range that ends
    /// now. The samples of the range are read once, into memory.
    pub async fn shared_snapshot(&self, range: TimeRange) -> Result<Snapshot, StoreError> {
        Snapshot::begin_shared(&self.instance, range).await
    }

    /// Returns the metrics. Each read is a snapshot of its own.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.latest())
    }

    /// Returns the log records. Each read is a snapshot of its own.
    pub fn logs(&self) -> Logs {
        Logs::new(self.latest())
    }

    /// Returns the spans. Each read is a snapshot of its own.
    pub fn traces(&self) -> Traces {
        Traces::new(self.latest())
    }

    /// Returns checks, alerts, gaps and findings. Each read is a snapshot of its own.
    pub fn history(&self) -> History {
        History::new(Arc::clone(&self.instance))
    }

    /// Returns the administration.
    pub fn admin(&self) -> Admin {
        Admin::new(Arc::clone(&self.instance))
    }

    /// Commits queued work, checkpoints and releases the folder. Running reads are not awaited.
    /// Other clones return [`StoreError::Closed`] from now on.
    pub async fn close(self) -> Result<(), StoreError> {
        self.instance.close().await
    }

    fn latest(&self) -> ReadSource {
        ReadSource::Latest(Arc::clone(&self.instance))
    }
}
