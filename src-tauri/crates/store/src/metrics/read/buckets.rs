//! Samples downsampled to steps.

use std::sync::Arc;

use model::{SeriesBuckets, TimeRange};

use super::{
    downsample::Downsampler, rollup_range::RollupRange, rollup_read::merge_series,
    series_batches::for_each_batch,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::selection::SeriesSelection,
    read::{limits::bounds, reader::Reader},
};

/// Reads the samples of series, downsampled to steps.
pub(super) fn read_buckets(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
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
        let buckets = downsampler.finish();
        if !buckets.is_empty() {
            answer.push(SeriesBuckets {
                labels: series.labels(),
                unit: series.unit.to_string(),
                kind: series.kind,
                buckets,
            });
        }
    })?;
    answer.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(answer)
}
