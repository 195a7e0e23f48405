//! Reads of samples for downsampling: roll-up intervals where they are exact, and points elsewhere.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use duckdb::arrow::{array::AsArray, datatypes::UInt64Type};

use super::{
    merge::read_head,
    merged_series::MergedSeries,
    rollup_range::RollupRange,
    row_position::{RowPosition, isolated, ranges},
};
use crate::{
    StoreError,
    metrics::{
        points::Points,
        rollup::{interval::Interval, sample_file},
        sample_codec::decode,
        sample_rows,
        selection::SeriesSelection,
    },
    read::reader::Reader,
    segment::{
        manifest::Manifest, scan::Scan, segment_file::SegmentFile, signal::SegmentSignal, time::before,
    },
};

/// Reads the data of each series with `start <= time < end`. Intervals are taken in `whole` where
/// nothing else was written into the time of their row, and wherever the points have expired.
pub(crate) fn merge_series(
    reader: &Reader,
    manifest: &Manifest,
    selection: SeriesSelection<'_>,
    start: i64,
    end: i64,
    whole: Option<RollupRange>,
) -> Result<HashMap<u64, MergedSeries>, StoreError> {
    let mut heads: HashMap<u64, Points> = HashMap::new();
    for head in &manifest.heads {
        for (series, points) in read_head(reader, *head, selection.series, start, end)? {
            heads.entry(series).or_default().overlay(points);
        }
    }
    let mut read = RollupRead { reader, files: Vec::new(), merged: HashMap::new(), start, end, whole };
    let (mut points, mut rollups) = (Vec::new(), Vec::new());
    let groups = manifest.part_groups(SegmentSignal::Samples, start, end);
    for (number, group) in groups.into_iter().enumerate() {
        if let Some(file) = &group.points {
            points.extend(read.find(file, number, selection)?);
        }
        let rollup = group.rollup(whole.map(|whole| whole.resolution));
        if let Some((resolution, file)) = rollup.filter(|_| whole.is_some() || group.has_expired_points()) {
            let exact = whole.is_some_and(|whole| whole.resolution == resolution);
            let found = read.find(file, number, selection)?;
            rollups.extend(found.into_iter().map(|position| (position, exact)));
        }
    }
    let present: HashSet<(u64, usize)> = points.iter().map(RowPosition::key).collect();
    let (expired, exact): (Vec<_>, Vec<_>) =
        rollups.into_iter().partition(|(position, _)| !present.contains(&position.key()));
    let expired: Vec<RowPosition> = expired.into_iter().map(|(position, _)| position).collect();
    let isolated = isolated(&points, &expired, &heads, whole);
    let exact: Vec<RowPosition> = exact
        .into_iter()
        .filter(|(position, exact)| *exact && isolated.contains(&position.key()))
        .map(|(position, _)| position)
        .collect();
    read.each_row_group(&expired, |read, run| read.read_intervals(run, None))?;
    let mut rolled_up = HashSet::new();
    read.each_row_group(&exact, |read, run| {
        read.read_intervals(run, read.whole)?;
        rolled_up.extend(run.iter().map(RowPosition::key));
        Ok(())
    })?;
    points.retain(|position| {
        let is_covered = whole.is_some_and(|whole| whole.covers(position.first, position.last));
        !(rolled_up.contains(&position.key()) && is_covered)
    });
    read.each_row_group(&points, |read, run| read.read_points(run, &rolled_up))?;
    let mut merged = read.merged;
    for (series, points) in heads {
        merged.entry(series).or_default().points.overlay(points);
    }
    Ok(merged)
}

/// A read in progress.
struct RollupRead<'read> {
    reader: &'read Reader,
    files: Vec<(Arc<SegmentFile>, Scan)>,
    merged: HashMap<u64, MergedSeries>,
    start: i64,
    end: i64,
    whole: Option<RollupRange>,
}

impl RollupRead<'_> {
    /// Runs a read of a file. A file that cannot be read is marked as faulty and counts as empty.
    fn checked<T>(
        &mut self,
        file: &SegmentFile,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let outcome = read(self);
        self.reader.check()?;
        Ok(outcome.inspect_err(|error| file.mark_faulty(error)).ok())
    }

    /// Finds the rows of a file that hold data of selected series in the range.
    fn find(
        &mut self,
        file: &Arc<SegmentFile>,
        part_group: usize,
        selection: SeriesSelection<'_>,
    ) -> Result<Vec<RowPosition>, StoreError> {
        let number = self.files.len();
        let (start, end) = (self.start, self.end);
        let found = self.checked(file, |read| {
            let Some(scan) = file.scan()? else { return Ok(None) };
            let mut positions = Vec::new();
            for group in scan.groups(selection.row_groups()) {
                read.reader.check()?;
                scan.each_row(group, sample_rows::INDEX, |row, series, first, last| {
                    if before(first, end) && last >= start && selection.contains(series) {
                        let file = number;
                        positions.push(RowPosition { part_group, file, group, row, series, first, last });
                    }
                })?;
            }
            Ok(Some((scan, positions)))
        })?;
        let Some((scan, positions)) = found.flatten() else { return Ok(Vec::new()) };
        self.files.push((Arc::clone(file), scan));
        Ok(positions)
    }

    /// Calls back with the positions of one row group at a time. Positions are in the order of
    /// writing.
    fn each_row_group(
        &mut self,
        positions: &[RowPosition],
        mut read: impl FnMut(&mut Self, &[RowPosition]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let same =
            |one: &RowPosition, other: &RowPosition| (one.file, one.group) == (other.file, other.group);
        for run in positions.chunk_by(same) {
            self.reader.check()?;
            let Some((file, _)) = run.first().and_then(|position| self.files.get(position.file)) else {
                continue;
            };
            let file = Arc::clone(file);
            self.checked(&file, |reading| read(reading, run))?;
        }
        Ok(())
    }

    /// Reads the intervals of rows that are in the whole ones, or those that begin in the range.
    fn read_intervals(
        &mut self,
        positions: &[RowPosition],
        whole: Option<RollupRange>,
    ) -> Result<(), StoreError> {
        let Some(first) = positions.first() else { return Ok(()) };
        let Some((_, scan)) = self.files.get(first.file) else { return Ok(()) };
        let (start, end) = (self.start, self.end);
        let inside = |interval: &Interval| match whole {
            Some(whole) => interval.time >= whole.from && interval.time < whole.to,
            None => interval.first_time() >= start && before(interval.first_time(), end),
        };
        let mut read = Vec::with_capacity(positions.len());
        scan.read(first.group, &sample_file::COLUMNS, Some(&ranges(positions.iter())), |batch| {
            let series = batch.column_by_name("series_id").and_then(|of| of.as_primitive_opt::<UInt64Type>());
            let Some(series) = series else {
                return Err(StoreError::Database("a column is missing".to_owned()));
            };
            for row in 0..batch.num_rows() {
                let intervals = sample_file::intervals(batch, row)
                    .ok_or_else(|| StoreError::Database("a row has no intervals".to_owned()))?;
                read.push((series.value(row), intervals));
            }
            Ok(())
        })?;
        for (series, intervals) in read {
            let merged = self.merged.entry(series).or_default();
            merged.intervals.extend(intervals.into_iter().filter(inside));
        }
        Ok(())
    }

    /// Reads the points of rows. Of keys that were read as intervals, only points outside the whole
    /// ones are taken.
    fn read_points(
        &mut self,
        positions: &[RowPosition],
        rolled_up: &HashSet<(u64, usize)>,
    ) -> Result<(), StoreError> {
        let Some(first) = positions.first() else { return Ok(()) };
        let Some((_, scan)) = self.files.get(first.file) else { return Ok(()) };
        let mut edges = positions.iter().map(|position| rolled_up.contains(&position.key()));
        scan.read(first.group, &sample_rows::POINTS, Some(&ranges(positions.iter())), |batch| {
            for (series, row) in sample_rows::rows(batch) {
                let mut points = decode(row);
                points.clip(self.start, self.end);
                let merged = self.merged.entry(series).or_default();
                if let (Some(true), Some(whole)) = (edges.next(), self.whole) {
                    let mut later = points.clone();
                    later.clip(whole.to, i64::MAX);
                    points.clip(i64::MIN, whole.from);
                    merged.points.overlay(later);
                }
                merged.points.overlay(points);
            }
            Ok(())
        })
    }
}
