//! Samples downsampled to steps.

use std::sync::Arc;

use model::{SeriesBuckets, TimeRange};

use super::{
    downsample::Downsampler, rollup_range::RollupRange, rollup_read::merge_series,
    series_batches::for_each_batch, series_labels::SeriesLabels,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{recent::RecentSamples, selection::SeriesSelection},
    read::{limits::bounds, reader::Reader},
};

/// Reads the samples of series, downsampled to steps.
pub(super) fn read_buckets(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    labels: &SeriesLabels,
) -> Result<Vec<SeriesBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let whole = RollupRange::new(start, end, step);
    let read = |selection: SeriesSelection<'_>| {
        merge_series(reader, reader.manifest()?, selection, start, end, whole)
    };
    let mut answer = Vec::new();
    for_each_batch(reader, series, start, end, read, |series, merged| {
        let mut downsampler = Downsampler::new(step);
        merged.downsample(&mut downsampler);
        answer.extend(series_buckets(series, downsampler, labels));
    })?;
    labels.sort(&mut answer, |buckets| &buckets.labels);
    Ok(answer)
}

/// Downsamples shared samples to steps, as [`read_buckets`] does.
pub(super) fn recent_buckets(
    recent: &RecentSamples,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    labels: &SeriesLabels,
) -> Vec<SeriesBuckets> {
    let (start, end) = bounds(range);
    let buckets = |series: &Arc<SeriesEntry>| {
        let mut downsampler = Downsampler::new(step);
        recent.pass(series, start, end, &mut downsampler);
        series_buckets(series, downsampler, labels)
    };
    let mut answer: Vec<SeriesBuckets> = series.iter().filter_map(buckets).collect();
    labels.sort(&mut answer, |buckets| &buckets.labels);
    answer
}

/// Returns the steps of a series, unless there are none.
fn series_buckets(
    series: &SeriesEntry,
    downsampler: Downsampler,
    labels: &SeriesLabels,
) -> Option<SeriesBuckets> {
    let buckets = downsampler.finish();
    (!buckets.is_empty()).then(|| SeriesBuckets {
        labels: labels.of(series),
        unit: series.unit.to_string(),
        kind: series.kind,
        buckets,
    })
}
