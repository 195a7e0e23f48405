//! Samples as they were written.

use std::{cmp::Reverse, sync::Arc};

use model::{SeriesPoints, TimeRange, Timestamp};

use super::{merge::merge_points, series_batches::for_each_batch};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::selection::SeriesSelection,
    read::{
        limits::{MAX_ROWS, bounds},
        reader::Reader,
    },
};

/// Reads samples, each series in time order and each time once. Beyond the limit the newest are
/// returned.
pub(super) fn read_samples(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    limit: u32,
) -> Result<Vec<SeriesPoints>, StoreError> {
    let limit = limit.min(MAX_ROWS * 10) as usize;
    let (start, end) = bounds(range);
    let mut newest = Newest { limit, rows: Vec::new() };
    let read =
        |selection: SeriesSelection<'_>| merge_points(reader, reader.manifest()?, selection, start, end);
    for_each_batch(reader, series, start, end, read, |series, points| {
        for (time, _, value) in points.rows() {
            newest.push(time, series.id, value);
        }
        Ok(())
    })?;
    newest.into_series(reader)
}

/// The newest samples of all series.
struct Newest {
    limit: usize,
    rows: Vec<(i64, u64, f64)>,
}

impl Newest {
    fn push(&mut self, time: i64, series: u64, value: f64) {
        self.rows.push((time, series, value));
        if self.rows.len() >= (2 * self.limit).max(1 << 16) {
            self.truncate();
        }
    }

    fn truncate(&mut self) {
        if self.rows.len() > self.limit {
            if self.limit > 0 {
                self.rows.select_nth_unstable_by_key(self.limit - 1, |(time, series, _)| {
                    (Reverse(*time), *series)
                });
            }
            self.rows.truncate(self.limit);
        }
    }

    fn into_series(mut self, reader: &Reader) -> Result<Vec<SeriesPoints>, StoreError> {
        self.truncate();
        self.rows.sort_unstable_by_key(|(time, series, _)| (*series, *time));
        let mut series: Vec<SeriesPoints> = self
            .rows
            .chunk_by(|left, right| left.1 == right.1)
            .filter_map(|rows| {
                let entry = reader.catalog.series(rows.first()?.1)?;
                Some(entry.labels().map(|labels| SeriesPoints {
                    labels,
                    times: rows.iter().map(|(time, ..)| Timestamp(*time)).collect(),
                    values: rows.iter().map(|(.., value)| *value).collect(),
                }))
            })
            .collect::<Result<_, _>>()?;
        series.sort_by(|left, right| left.labels.cmp(&right.labels));
        Ok(series)
    }
}
