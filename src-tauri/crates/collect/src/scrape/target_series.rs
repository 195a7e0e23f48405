//! The series of one target across its scrapes: cached, ended when they are missing, and described
//! to the store once.

use std::sync::Arc;

use model::{TelemetryBatch, Timestamp};
use prometheus::{Assembled, AssemblyOptions, SeriesCache, StalenessTracker};

use super::report::{Report, ReportSeries};
use crate::batch_writer::BatchWriter;

/// The series of a target and of the reports about it.
pub(crate) struct TargetSeries {
    pub(crate) target: Arc<AssemblyOptions>,
    cache: SeriesCache,
    tracker: StalenessTracker,
    report: ReportSeries,
}

impl TargetSeries {
    /// Creates the series of a target that was not scraped yet.
    pub(crate) fn new(target: AssemblyOptions) -> Self {
        Self {
            cache: SeriesCache::default(),
            tracker: StalenessTracker::new(Arc::clone(&target.resource)),
            report: ReportSeries::new(&target.resource, &target.labels),
            target: Arc::new(target),
        }
    }

    /// Runs `assemble` on a blocking thread, with the cache and the options of the target. A caller
    /// that stops waiting leaves the target with an empty cache. Fails if `assemble` panics.
    pub(crate) async fn assemble<T: Send + 'static>(
        &mut self,
        assemble: impl FnOnce(&mut SeriesCache, &AssemblyOptions) -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        let (mut cache, target) = (std::mem::take(&mut self.cache), Arc::clone(&self.target));
        let assembling = tokio::task::spawn_blocking(move || {
            let outcome = assemble(&mut cache, &target);
            (outcome, cache)
        });
        let (outcome, cache) = assembling.await?;
        self.cache = cache;
        Ok(outcome)
    }

    /// Returns the batch of a successful scrape with its report. Missing series end.
    pub(crate) fn record(
        &mut self,
        mut assembled: Assembled,
        mut report: Report,
        now: Timestamp,
        ends_timed: bool,
    ) -> TelemetryBatch {
        report.up = true;
        (report.scraped, report.relabelled) = (assembled.scraped, assembled.relabelled);
        report.added = self.tracker.record(&mut assembled, now, ends_timed);
        self.report.add(&mut assembled.batch, &report, now);
        assembled.batch
    }

    /// Returns the batch of a failed scrape with its report. All series end.
    pub(crate) fn fail(&mut self, report: &Report, now: Timestamp) -> TelemetryBatch {
        let mut batch = TelemetryBatch::default();
        self.tracker.end_all(&mut batch, now);
        self.report.add(&mut batch, report, now);
        batch
    }

    /// Returns the batch that ends all series, and those of the reports.
    pub(crate) fn end(&mut self, now: Timestamp) -> TelemetryBatch {
        let mut batch = TelemetryBatch::default();
        self.tracker.end_all(&mut batch, now);
        self.report.end(&mut batch, now);
        batch
    }

    /// Writes a batch of the target. Series that are stored are not described again, unless the
    /// store has removed them.
    pub(crate) async fn write(&mut self, writer: &mut BatchWriter, batch: TelemetryBatch, problem: &str) {
        let describe = |batch: &mut TelemetryBatch| {
            self.tracker.describe_all(batch);
            self.report.describe(batch);
        };
        if let Some(stored) = writer.write_described(batch, problem, describe).await {
            self.tracker.mark_stored(stored.series.iter().map(|(id, _)| *id));
            self.report.mark_stored();
        }
    }
}
