//! The view of the store that a read uses: the latest commit, or a snapshot.

use std::sync::Arc;

use model::TimeRange;

use super::{limits::bounds, open_snapshot::OpenSnapshot, reader::Reader};
use crate::{
    StoreError, catalog::series_catalog::SeriesCatalog, lifecycle::instance::Instance,
    metrics::recent::RecentSamples, segment::manifest::Manifest,
};

/// The view that reads use.
#[derive(Debug, Clone)]
pub(crate) enum ReadSource {
    /// Each read sees the latest commit.
    Latest(Arc<Instance>),
    /// All reads see the same commit.
    Snapshot(Arc<OpenSnapshot>),
}

impl ReadSource {
    /// Runs a read under the deadline of the store's options.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Latest(instance) => instance.read(None, work).await,
            Self::Snapshot(snapshot) => snapshot.read(None, work).await,
        }
    }

    /// Returns the samples that the reads of a snapshot share, if they cover a range.
    pub(crate) async fn recent(&self, range: TimeRange) -> Result<Option<Arc<RecentSamples>>, StoreError> {
        match self {
            Self::Latest(_) => Ok(None),
            Self::Snapshot(snapshot) => snapshot.recent(bounds(range).0).await,
        }
    }

    /// Returns those of the series with few of them, if they cover a range.
    pub(crate) async fn recent_before(
        &self,
        range: TimeRange,
    ) -> Result<Option<Arc<RecentSamples>>, StoreError> {
        match self {
            Self::Latest(_) => Ok(None),
            Self::Snapshot(snapshot) => snapshot.recent_before(bounds(range).0).await,
        }
    }

    /// Returns the heads and segments that a snapshot sees.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Latest(_) => None,
            Self::Snapshot(snapshot) => Some(snapshot.manifest()),
        }
    }

    /// Returns the series catalog.
    pub(crate) fn catalog(&self) -> Arc<SeriesCatalog> {
        match self {
            Self::Latest(instance) => Arc::clone(&instance.session().catalog),
            Self::Snapshot(snapshot) => Arc::clone(&snapshot.session.catalog),
        }
    }

    /// Computes from the series catalog, on a thread for blocking work.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SeriesCatalog) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let catalog = self.catalog();
        tokio::task::spawn_blocking(move || work(&catalog))
            .await
            .unwrap_or_else(|error| Err(StoreError::Database(error.to_string())))
    }
}
