//! The stored data as one evaluation of a rule reads it.

use model::{HealthCheck, TimeRange};
use store::{Snapshot, Store};
use tokio::sync::OnceCell;

use crate::AlertError;

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

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Returns every health check, read once.
    pub(crate) async fn checks(&self) -> Result<&[HealthCheck], AlertError> {
        let read = async || self.snapshot.history().checks().await;
        Ok(self.checks.get_or_try_init(read).await?)
    }
}
