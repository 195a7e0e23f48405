//! Work for the writer and its outcome.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize},
    },
    time::Duration,
};

use duckdb::Connection;
use model::TelemetryBatch;
use tokio::sync::oneshot;

use crate::{Changed, DroppedSeries, StoreError};

/// A change of tables. It may run twice: with its group and, if the group failed, once alone.
pub(crate) type Change = Box<dyn Fn(&Connection) -> Result<u64, StoreError> + Send>;

/// Work for the writer.
pub(crate) enum Work {
    /// Records, which may wait for other work as long as `patience`.
    Telemetry { incoming: Incoming, patience: Duration },
    /// Rows of the history.
    History { change: Change, changed: Changed },
    /// A change of heads and segments, in a transaction of its own. If it removes series, the
    /// catalog is read again afterwards.
    Manifest { change: Change, changed: Changed, removes_series: bool },
    /// A checkpoint that its caller waits for.
    Checkpoint,
    /// Removal of the database's cache from memory, whose limit is `memory_limit` bytes.
    ReleaseCache { memory_limit: u64 },
    /// The end of the writer, after everything before it is committed.
    Close,
}

impl Work {
    /// Returns how long it may wait for other work of its group.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Telemetry { patience, .. } => *patience,
            _ => Duration::ZERO,
        }
    }

    /// Reports whether it runs outside of groups.
    pub(crate) fn runs_alone(&self) -> bool {
        matches!(self, Self::Checkpoint | Self::ReleaseCache { .. } | Self::Close)
    }
}

/// The outcome of a job.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Number of rows it touched.
    pub(crate) rows: u64,
    /// Points dropped by the limits.
    pub(crate) dropped: DroppedPoints,
}

impl From<u64> for Done {
    fn from(rows: u64) -> Self {
        Self { rows, dropped: DroppedPoints::default() }
    }
}

/// A batch with the source that sent it.
pub(crate) type Incoming = (Arc<TelemetryBatch>, Arc<str>);

/// Dropped points of one batch, and the limits that dropped them.
#[derive(Debug, Clone, Default)]
pub(crate) struct DroppedPoints {
    pub(crate) points: u64,
    pub(crate) reasons: Vec<DroppedSeries>,
}

/// Work in the queue of the writer, its size in records and the sender of its outcome.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) size: usize,
    pub(super) reply: oneshot::Sender<Result<Done, StoreError>>,
}

/// Counters of the writer.
#[derive(Debug, Default)]
pub(crate) struct WriterStatistics {
    pub(crate) queued: AtomicUsize,
    pub(crate) commits: AtomicU64,
    pub(crate) commit_duration: AtomicU64,
    pub(crate) rejected: AtomicU64,
}
