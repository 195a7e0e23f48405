//! Selected series, and the reads of their data.

use std::sync::Arc;

use model::{
    CounterBuckets, DataResolution, ExemplarPoint, HistogramBuckets, SeriesBuckets, SeriesPoints, TagMatcher,
    TimeRange,
};

use super::{
    buckets::{read_buckets, recent_buckets},
    counters::{look_back, read_counters, read_few_counters, recent_counters, recent_few_counters},
    exemplars::read_exemplars,
    histograms::read_histograms,
    resolution::{coarsest_resolution, has_points_only},
    samples::read_samples,
    series_labels::SeriesLabels,
};
use crate::{
    StoreError,
    catalog::{series::SeriesEntry, series_catalog::SeriesCatalog},
    metrics::recent::RecentSamples,
    read::{limits::valid_step, reader::Reader, source::ReadSource},
};

/// Hints for a selection of series.
#[derive(Debug, Clone, Copy, Default)]
pub struct SelectHints<'hints> {
    /// The metric. Series of all metrics are selected if it is empty.
    pub metric: &'hints str,
    /// The range to read; that of the snapshot if none.
    pub range: Option<TimeRange>,
}

impl<'hints> SelectHints<'hints> {
    /// Hints at a metric.
    pub fn metric(metric: &'hints str) -> Self {
        Self { metric, range: None }
    }

    /// Sets the range.
    #[must_use]
    pub fn within(self, range: TimeRange) -> Self {
        Self { range: Some(range), ..self }
    }
}

/// The series that matchers selected, with a range to read.
#[derive(Debug, Clone)]
pub struct SeriesSet {
    source: ReadSource,
    /// By ascending id.
    series: Arc<[Arc<SeriesEntry>]>,
    range: TimeRange,
    /// The labels of its answers.
    labels: SeriesLabels,
}

impl SeriesSet {
    pub(crate) async fn select(
        source: &ReadSource,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
    ) -> Result<Self, StoreError> {
        Self::select_by(source, metric, matchers, range, SeriesCatalog::select).await
    }

    /// Selects the series that a function finds in the catalog.
    pub(crate) async fn select_by(
        source: &ReadSource,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        find: impl Fn(&SeriesCatalog, &str, &[TagMatcher]) -> Result<Vec<Arc<SeriesEntry>>, StoreError>
        + Send
        + 'static,
    ) -> Result<Self, StoreError> {
        let (name, matchers) = (metric.to_owned(), matchers.to_vec());
        let select = move |catalog: &SeriesCatalog| {
            let mut series = find(catalog, &name, &matchers)?;
            series.sort_unstable_by_key(|series| series.id);
            Ok(series.into())
        };
        let series = source.compute(select).await?;
        Ok(Self { source: source.clone(), series, range, labels: SeriesLabels::default() })
    }

    /// Returns the same series with another range.
    #[must_use]
    pub fn within(&self, range: TimeRange) -> Self {
        Self { range, ..self.clone() }
    }

    /// Returns the same series. Buckets and counters come with the labels of these keys only, in no
    /// order of their labels.
    #[must_use]
    pub fn labelled_by(self, keys: &[String]) -> Self {
        Self { labels: SeriesLabels::only(keys), ..self }
    }

    /// Returns the number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Returns whether no series was selected.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Reads the samples, each series in time order and each time once. Beyond the limit the newest
    /// are returned.
    pub async fn samples(&self, limit: u32) -> Result<Vec<SeriesPoints>, StoreError> {
        self.read(move |reader, set| read_samples(reader, &set.series, set.range, limit)).await
    }

    /// Reads the samples of each series, downsampled to steps of `step` nanoseconds since the
    /// epoch.
    ///
    /// NaN is a sample, the marker of the end of a series is none ([`model::Bucket`]).
    pub async fn buckets(&self, step: i64) -> Result<Vec<SeriesBuckets>, StoreError> {
        let step = valid_step(self.range, step)?;
        if let Some(recent) = self.source.recent(self.range).await? {
            let compute =
                move |set: &Self| recent_buckets(&recent, &set.series, set.range, step, &set.labels);
            return self.compute(compute).await;
        }
        self.read(move |reader, set| read_buckets(reader, &set.series, set.range, step, &set.labels)).await
    }

    /// Reads the increase of each counter between its samples in steps of `step` nanoseconds since
    /// the epoch, as rates are computed from it.
    ///
    /// After a reset (a smaller value or a later start time) a counter counts from zero. Gauges
    /// count too: as counters if Prometheus wrote them, which may be counters without a type, and
    /// by their change otherwise. A sample at the end of the range is included. A series with too
    /// few samples in the first step for a rate comes with some before it.
    pub async fn counters(&self, step: i64) -> Result<Vec<CounterBuckets>, StoreError> {
        let step = valid_step(self.range, step)?;
        if let Some(recent) = self.source.recent(self.range).await? {
            return self.recent_counters(recent, step).await;
        }
        self.read(move |reader, set| read_counters(reader, &set.series, set.range, step, &set.labels)).await
    }

    /// Computes counters from the samples that a snapshot shares.
    async fn recent_counters(
        &self,
        recent: Arc<RecentSamples>,
        step: i64,
    ) -> Result<Vec<CounterBuckets>, StoreError> {
        let shared = Arc::clone(&recent);
        let compute = move |set: &Self| recent_counters(&shared, &set.series, set.range, step, &set.labels);
        let (mut found, few) = self.compute(compute).await?;
        if !few.is_empty() {
            let few = Self { series: few.into(), ..self.clone() };
            let earlier = TimeRange::new(self.range.start.offset(-look_back(step)), self.range.end);
            found.extend(match self.source.recent_before(earlier).await? {
                Some(before) => {
                    let compute = move |set: &Self| {
                        recent_few_counters(&recent, &before, &set.series, set.range, step, &set.labels)
                    };
                    few.compute(compute).await?
                }
                None => {
                    let read = move |reader: &Reader, set: &Self| {
                        read_few_counters(reader, &set.series, set.range, step, &set.labels)
                    };
                    few.read(read).await?
                }
            });
        }
        self.labels.sort(&mut found, |buckets| &buckets.labels);
        Ok(found)
    }

    /// Reads the measurements of each histogram between its points in steps of `step` nanoseconds
    /// since the epoch.
    ///
    /// Cumulative points count from zero after a reset. Delta points are summed. Exponential
    /// buckets get explicit bounds. Summaries have no buckets but count, sum and the last quantiles
    /// of the step. A point at the end of the range is included, and some before its start.
    pub async fn histograms(&self, step: i64) -> Result<Vec<HistogramBuckets>, StoreError> {
        let step = valid_step(self.range, step)?;
        self.read(move |reader, set| read_histograms(reader, &set.series, set.range, step)).await
    }

    /// Reads exemplars, newest first. Beyond the limit it returns the largest of each of `limit /
    /// 2` intervals, and a random selection of the others.
    pub async fn exemplars(&self, limit: u32) -> Result<Vec<ExemplarPoint>, StoreError> {
        self.read(move |reader, set| read_exemplars(reader, &set.series, set.range, limit)).await
    }

    /// Returns the coarsest resolution of the data that are left: points, or minutes or hours where
    /// points have expired.
    pub async fn coarsest_resolution(&self) -> Result<DataResolution, StoreError> {
        if self.source.manifest().is_some_and(|manifest| has_points_only(manifest, self.range)) {
            return Ok(DataResolution::Points);
        }
        self.read(move |reader, set| coarsest_resolution(reader, &set.series, set.range)).await
    }

    /// Computes from the series on a thread for blocking work, without a connection.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let set = self.clone();
        self.source.compute(move |_| work(&set)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader, &Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let set = self.clone();
        self.source.read(move |reader| work(reader, &set)).await
    }
}
