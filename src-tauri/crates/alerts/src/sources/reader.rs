//! The stored data as evaluations of rules read them.

use model::{HealthCheck, TimeRange, Timestamp};
use store::{Snapshot, Store};
use tokio::sync::OnceCell;

use super::Source;
use crate::AlertError;

/// Rules from which a tick shares one read of samples. For fewer it reads too much.
const MIN_SHARING: usize = 4;
/// Longest window of a rule that shares the read, in seconds.
const MAX_SHARED_WINDOW: u32 = 900;

/// One snapshot of the store for the sources of rules.
pub(crate) struct SourceReader {
    snapshot: Snapshot,
    checks: OnceCell<Vec<HealthCheck>>,
}

impl SourceReader {
    /// Takes a snapshot of the store over a range.
    pub(crate) async fn open(store: &Store, range: TimeRange) -> Result<Self, AlertError> {
        Ok(Self { snapshot: store.snapshot(range).await?, checks: OnceCell::new() })
    }

    /// Takes a snapshot whose reads share the samples of a range that ends now.
    async fn open_shared(store: &Store, range: TimeRange) -> Result<Self, AlertError> {
        Ok(Self { snapshot: store.shared_snapshot(range).await?, checks: OnceCell::new() })
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Returns every health check, read once.
    pub(crate) async fn checks(&self) -> Result<&[HealthCheck], AlertError> {
        let read = async || self.snapshot.history().checks().await;
        Ok(self.checks.get_or_try_init(read).await?)
    }
}

/// The reader that the rules of one tick share. It is opened when the first of them reads.
pub(crate) struct TickReader {
    store: Store,
    range: TimeRange,
    reader: OnceCell<SourceReader>,
}

impl TickReader {
    /// Creates the reader of rules on samples with these windows, in seconds. Returns none if they
    /// are too few.
    pub(crate) fn of_windows(
        store: &Store,
        windows: impl Iterator<Item = u32>,
        now: Timestamp,
    ) -> Option<Self> {
        let shared: Vec<u32> = windows.filter(|window| *window <= MAX_SHARED_WINDOW).collect();
        let longest = shared.iter().max().filter(|_| shared.len() >= MIN_SHARING)?;
        let range = TimeRange::last(i64::from(*longest), now);
        Some(Self { store: store.clone(), range, reader: OnceCell::new() })
    }

    /// Returns whether a source can read through it.
    pub(crate) fn covers(&self, source: &dyn Source) -> bool {
        source.reads_samples() && source.window_seconds() <= MAX_SHARED_WINDOW
    }

    pub(crate) async fn reader(&self) -> Result<&SourceReader, AlertError> {
        self.reader.get_or_try_init(|| SourceReader::open_shared(&self.store, self.range)).await
    }
}
