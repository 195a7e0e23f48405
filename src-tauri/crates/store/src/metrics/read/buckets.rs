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
        answer.extend(series_buckets(series, downsampler, labels)?);
        Ok(())
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
) -> Result<Vec<SeriesBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let buckets = |series: &Arc<SeriesEntry>| {
        let mut downsampler = Downsampler::new(step);
        recent.pass(series, start, end, &mut downsampler);
        series_buckets(series, downsampler, labels).transpose()
    };
    let mut answer: Vec<SeriesBuckets> = series.iter().filter_map(buckets).collect::<Result<_, _>>()?;
    labels.sort(&mut answer, |buckets| &buckets.labels);
    Ok(answer)
}

/// Returns the steps of a series, unless there are none.
fn series_buckets(
    series: &SeriesEntry,
    downsampler: Downsampler,
    labels: &SeriesLabels,
) -> Result<Option<SeriesBuckets>, StoreError> {
    let buckets = downsampler.finish();
    if buckets.is_empty() {
        return Ok(None);
    }
    let (labels, unit) = (labels.of(series)?, series.unit.to_string());
    Ok(Some(SeriesBuckets { labels, unit, kind: series.kind, buckets }))
}
