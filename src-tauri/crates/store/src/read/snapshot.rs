//! Snapshots: one consistent view of the store for several reads.

use std::sync::Arc;

use model::{TagMatcher, TimeRange};

use super::{limits::bounds, open_snapshot::OpenSnapshot, source::ReadSource};
use crate::{
    StoreError,
    history::reader::HistoryReader,
    lifecycle::instance::Instance,
    logs::read::Logs,
    metrics::read::{
        counters::look_back,
        metrics_view::Metrics,
        series_set::{SelectHints, SeriesSet},
    },
    traces::read::Traces,
};

/// A consistent view of telemetry and history. All reads see the same commit, whatever is written,
/// sealed or deleted meanwhile.
///
/// A snapshot delays the deletion of files and should be short-lived. Its reads run one after
/// another. After a failed read all later ones fail.
#[derive(Debug, Clone)]
pub struct Snapshot {
    source: ReadSource,
    range: TimeRange,
}

impl Snapshot {
    /// Begins a snapshot for reads of a range.
    pub(crate) async fn begin(instance: &Arc<Instance>, range: TimeRange) -> Result<Self, StoreError> {
        let open = OpenSnapshot::begin(instance).await?;
        Ok(Self { source: ReadSource::Snapshot(Arc::new(open)), range })
    }

    /// Begins a snapshot for many reads of samples within a range that ends now. They share the
    /// samples of the range: these are read once, when the first of them needs them.
    pub(crate) async fn begin_shared(instance: &Arc<Instance>, range: TimeRange) -> Result<Self, StoreError> {
        let mut open = OpenSnapshot::begin(instance).await?;
        let since = bounds(range).0;
        open.share_recent(since, since.saturating_sub(look_back(range.length())));
        Ok(Self { source: ReadSource::Snapshot(Arc::new(open)), range })
    }

    /// Returns the range that reads without one of their own cover.
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// Selects series, by default over the range of the snapshot. Fails on a bad regular
    /// expression.
    pub async fn select(
        &self,
        matchers: &[TagMatcher],
        hints: SelectHints<'_>,
    ) -> Result<SeriesSet, StoreError> {
        let range = hints.range.unwrap_or(self.range);
        SeriesSet::select(&self.source, hints.metric, matchers, range).await
    }

    /// Returns the metrics.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.source.clone())
    }

    /// Returns the log records.
    pub fn logs(&self) -> Logs {
        Logs::new(self.source.clone())
    }

    /// Returns the spans.
    pub fn traces(&self) -> Traces {
        Traces::new(self.source.clone())
    }

    /// Returns checks, alerts, gaps and findings.
    pub fn history(&self) -> HistoryReader {
        HistoryReader::new(self.source.clone())
    }
}
