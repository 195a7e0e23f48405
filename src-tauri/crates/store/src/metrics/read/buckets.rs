//! Samples downsampled to steps.

use std::sync::Arc;

use model::{MetricKind, SeriesBuckets, Temporality, TimeRange};

use super::{
    downsample::Downsampler, rollup_range::RollupRange, rollup_read::merge_series,
    series_batches::for_each_batch,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{rollup::interval::IncreaseRule, selection::SeriesSelection},
    read::{limits::bounds, reader::Reader},
};

/// The look-back for the previous sample of a counter, at least.
const MIN_LOOK_BACK: i64 = 600 * 1_000_000_000;
/// The look-back, at most.
const MAX_LOOK_BACK: i64 = 6 * 3600 * 1_000_000_000;

/// Returns how far before a range the sample is searched that the first increase counts from.
pub(super) fn look_back(step: i64) -> i64 {
    step.saturating_mul(3).clamp(MIN_LOOK_BACK, MAX_LOOK_BACK)
}

/// Reads the samples of series, downsampled to steps. `changes` is set for the change of gauges.
pub(super) fn read_buckets(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    changes: bool,
) -> Result<Vec<SeriesBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let (counters, others): (Vec<_>, Vec<_>) = series
        .iter()
        .cloned()
        .partition(|series| is_cumulative(series) || changes && series.kind == MetricKind::Gauge);
    let mut answer = Vec::new();
    for (series, from) in [(others, start), (counters, start.saturating_sub(look_back(step)))] {
        let whole = RollupRange::new(start, end, step);
        let read = |selection: SeriesSelection<'_>| {
            merge_series(reader, reader.manifest()?, selection, from, end, whole)
        };
        for_each_batch(reader, &series, from, end, read, |series, merged| {
            let rule = match IncreaseRule::of(series) {
                IncreaseRule::None if changes => IncreaseRule::Change,
                rule => rule,
            };
            let mut downsampler = Downsampler::new(rule, from, start, step);
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
    }
    answer.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(answer)
}

/// Returns whether the increase of a series counts from sample to sample.
fn is_cumulative(series: &SeriesEntry) -> bool {
    series.kind == MetricKind::Counter && series.temporality != Temporality::Delta
}
