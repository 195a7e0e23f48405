//! Samples since a time in memory, read once for many reads of one snapshot.

use std::{collections::HashMap, ops::Range};

use duckdb::arrow::{
    array::{Array, AsArray},
    datatypes::{Float64Type, Int64Type, UInt64Type},
};
use model::IdentityHash;

use super::{
    head,
    points::Points,
    read::{
        clock_jumps::ClockJumps,
        merge::read_segment,
        merged_series::{MergedSeries, SampleSink},
    },
    selection::SeriesSelection,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    read::reader::Reader,
    segment::{manifest::Manifest, signal::SegmentSignal},
};

/// Rows that are held in memory at most. Each takes up to 40 bytes.
const MAX_ROWS: usize = 4 << 20;
/// A series with fewer samples may need earlier ones. The interval of a series is taken from fewer.
const FEW: usize = 16;

/// The samples of many series since a time, each series in time order.
#[derive(Debug, Default)]
pub(crate) struct RecentSamples {
    rows: HashMap<u64, Range<usize>, IdentityHash>,
    times: Vec<i64>,
    /// Empty if no sample has a start time.
    starts: Vec<Option<i64>>,
    values: Vec<f64>,
    clock_jumps: ClockJumps,
}

impl RecentSamples {
    /// Reads the samples since a time of all series that `wants`. Returns none if they are too
    /// many to be held.
    pub(crate) fn read(
        reader: &Reader,
        since: i64,
        wants: impl Fn(u64) -> bool,
    ) -> Result<Option<Self>, StoreError> {
        let manifest = reader.manifest()?;
        let mut arrived = Arrived::default();
        arrived.add_segments(reader, manifest, since, &wants)?;
        for head in &manifest.heads {
            arrived.add_head(reader, *head, since, &wants)?;
        }
        if arrived.is_unusable {
            return Ok(None);
        }
        let clock_jumps = ClockJumps::read(reader, since, i64::MAX)?;
        Ok(Some(Self { clock_jumps, ..arrived.by_series() }))
    }

    /// Returns the jumps of the clock within the samples.
    pub(crate) fn clock_jumps(&self) -> &ClockJumps {
        &self.clock_jumps
    }

    /// Returns whether samples are absent in segments that cover the time since `since`, because
    /// only roll-ups are left.
    pub(crate) fn are_expired(manifest: &Manifest, since: i64) -> bool {
        let groups = manifest.part_groups(SegmentSignal::Samples, since, i64::MAX);
        groups.iter().any(|group| group.has_expired_points())
    }

    /// Returns whether a series has so few samples that those before them may be needed, too. Those
    /// from before its type was declared are not counted.
    pub(crate) fn has_few(&self, series: u64) -> bool {
        self.rows.get(&series).map_or(0, Range::len) < FEW
    }

    /// Passes the samples of a series with `start <= time < end` to a sink, with those from before
    /// its type was declared.
    pub(crate) fn pass(&self, series: &SeriesEntry, start: i64, end: i64, sink: &mut impl SampleSink) {
        let rows = self.range(series.id, start, end);
        let earlier = series.earlier.map_or(0..0, |earlier| self.range(earlier, start, end));
        if earlier.is_empty() {
            self.each(rows, |time, start, value| sink.add_sample(time, start, value));
            return;
        }
        let points = |rows| {
            let mut points = Points::default();
            self.each(rows, |time, start, value| points.push(time, start, value));
            MergedSeries { points, intervals: Vec::new() }
        };
        let mut merged = points(earlier);
        merged.overlay(points(rows));
        merged.downsample(sink);
    }

    fn range(&self, series: u64, start: i64, end: i64) -> Range<usize> {
        let Some(rows) = self.rows.get(&series) else { return 0..0 };
        let times = self.times.get(rows.clone()).unwrap_or_default();
        let from = times.partition_point(|time| *time < start);
        let to = times.partition_point(|time| *time < end);
        rows.start + from..rows.start + to.max(from)
    }

    fn each(&self, rows: Range<usize>, mut take: impl FnMut(i64, Option<i64>, f64)) {
        let times = self.times.get(rows.clone()).unwrap_or_default();
        let values = self.values.get(rows.clone()).unwrap_or_default();
        for ((row, time), value) in rows.zip(times).zip(values) {
            take(*time, self.starts.get(row).copied().flatten(), *value);
        }
    }
}

/// Samples in the order of their arrival.
#[derive(Default)]
struct Arrived {
    series: Vec<u64>,
    times: Vec<i64>,
    starts: Vec<Option<i64>>,
    values: Vec<f64>,
    /// True if there are too many, or if their order is unknown.
    is_unusable: bool,
}

impl Arrived {
    fn add(&mut self, series: u64, time: i64, start: Option<i64>, value: f64) {
        if self.series.len() >= MAX_ROWS {
            self.is_unusable = true;
            return;
        }
        if start.is_some() && self.starts.is_empty() {
            self.starts.resize(self.series.len(), None);
        }
        if start.is_some() || !self.starts.is_empty() {
            self.starts.push(start);
        }
        self.series.push(series);
        self.times.push(time);
        self.values.push(value);
    }

    fn add_segments(
        &mut self,
        reader: &Reader,
        manifest: &Manifest,
        since: i64,
        wants: &impl Fn(u64) -> bool,
    ) -> Result<(), StoreError> {
        let mut files = manifest.points(SegmentSignal::Samples, since, i64::MAX).peekable();
        if files.peek().is_none() {
            return Ok(());
        }
        let mut ids = reader.catalog.ids();
        ids.retain(|id| wants(*id));
        ids.sort_unstable();
        let selection = SeriesSelection { metrics: None, series: &ids };
        for file in files {
            for (series, points) in read_segment(reader, file, selection, since, i64::MAX)? {
                points.rows().for_each(|(time, start, value)| self.add(series, time, start, value));
            }
        }
        Ok(())
    }

    /// Adds the samples of a head.
    fn add_head(
        &mut self,
        reader: &Reader,
        head: u64,
        since: i64,
        wants: &impl Fn(u64) -> bool,
    ) -> Result<(), StoreError> {
        if self.is_unusable {
            return Ok(());
        }
        let sql = format!(
            "SELECT series_id, time, start_time, value, rowid FROM {} WHERE time >= {since}",
            head::samples(head)
        );
        let mut last = i64::MIN;
        reader.batches(&sql, &[], |batch| {
            let series = batch.column(0).as_primitive::<UInt64Type>();
            let times = batch.column(1).as_primitive::<Int64Type>();
            let starts = batch.column(2).as_primitive::<Int64Type>();
            let values = batch.column(3).as_primitive::<Float64Type>();
            // The database returns rows in the order of their arrival.
            for arrival in batch.column(4).as_primitive::<Int64Type>().values() {
                self.is_unusable |= *arrival <= last;
                last = *arrival;
            }
            for row in (0..batch.num_rows()).filter(|row| wants(series.value(*row))) {
                let start = starts.is_valid(row).then(|| starts.value(row));
                self.add(series.value(row), times.value(row), start, values.value(row));
            }
            Ok(())
        })
    }

    /// Orders the samples by series and time. Of several at one time the last to arrive wins.
    fn by_series(self) -> RecentSamples {
        let mut counts: HashMap<u64, usize, IdentityHash> = HashMap::default();
        for series in &self.series {
            *counts.entry(*series).or_default() += 1;
        }
        let mut next = 0;
        let mut rows: HashMap<u64, Range<usize>, IdentityHash> = counts
            .into_iter()
            .map(|(series, count)| {
                next += count;
                (series, next - count..next - count)
            })
            .collect();
        let length = self.series.len();
        let mut recent = RecentSamples {
            times: vec![0; length],
            starts: vec![None; self.starts.len()],
            values: vec![0.0; length],
            ..RecentSamples::default()
        };
        for (row, series) in self.series.iter().enumerate() {
            let Some(range) = rows.get_mut(series) else { continue };
            recent
                .set(range.end, (self.times[row], self.starts.get(row).copied().flatten(), self.values[row]));
            range.end += 1;
        }
        for range in rows.values_mut() {
            let times = &recent.times[range.clone()];
            if !times.is_sorted_by(|left, right| left < right) {
                *range = recent.sort(range.clone());
            }
        }
        recent.rows = rows;
        recent
    }
}

/// Time, start time and value of a sample.
type Row = (i64, Option<i64>, f64);

impl RecentSamples {
    fn set(&mut self, row: usize, (time, start, value): Row) {
        self.times[row] = time;
        self.values[row] = value;
        if let Some(slot) = self.starts.get_mut(row) {
            *slot = start;
        }
    }

    /// Sorts rows by time. Of several at one time the last one stays. Returns the rows that stay.
    fn sort(&mut self, range: Range<usize>) -> Range<usize> {
        let mut sorted: Vec<Row> = Vec::with_capacity(range.len());
        self.each(range.clone(), |time, start, value| sorted.push((time, start, value)));
        sorted.sort_by_key(|(time, ..)| *time);
        let mut end = range.start;
        for row in sorted {
            if end > range.start && self.times[end - 1] == row.0 {
                end -= 1;
            }
            self.set(end, row);
            end += 1;
        }
        range.start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_apart_and_the_last_to_arrive_wins() {
        let mut arrived = Arrived::default();
        for (series, time, start, value) in [
            (1, 10, None, 1.0),
            (2, 10, None, 2.0),
            (1, 30, Some(5), 3.0),
            (1, 20, None, 4.0),
            (1, 30, None, 5.0),
            (2, 20, Some(7), 6.0),
        ] {
            arrived.add(series, time, start, value);
        }
        let recent = arrived.by_series();
        let rows = |series, start, end| {
            let mut rows = Vec::new();
            recent
                .each(recent.range(series, start, end), |time, start, value| rows.push((time, start, value)));
            rows
        };
        assert_eq!(rows(1, 0, 100), [(10, None, 1.0), (20, None, 4.0), (30, None, 5.0)]);
        assert_eq!(rows(2, 0, 100), [(10, None, 2.0), (20, Some(7), 6.0)]);
        assert_eq!(rows(1, 20, 30), [(20, None, 4.0)]);
        assert_eq!(rows(3, 0, 100), []);
        assert!(recent.has_few(1) && recent.has_few(3));
    }
}
