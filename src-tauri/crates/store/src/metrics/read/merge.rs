//! The points of series merged from heads and segments. At equal times the newest write wins.

use std::collections::HashMap;

use duckdb::arrow::{
    array::{Array, AsArray},
    datatypes::{Float64Type, Int64Type, UInt64Type},
};

use crate::{
    StoreError,
    database::sql::id_list,
    metrics::{
        head,
        points::{Arrival, Points},
        sample_codec::decode,
        sample_rows,
        selection::SeriesSelection,
    },
    read::reader::Reader,
    segment::{manifest::Manifest, segment_file::SegmentFile, signal::SegmentSignal, time::before},
};

/// Merges the points of each series with `start <= time < end`.
pub(crate) fn merge_points(
    reader: &Reader,
    manifest: &Manifest,
    selection: SeriesSelection<'_>,
    start: i64,
    end: i64,
) -> Result<HashMap<u64, Points>, StoreError> {
    let mut merged: HashMap<u64, Points> = HashMap::with_capacity(selection.series.len());
    let mut overlay = |series: u64, points: Points| merged.entry(series).or_default().overlay(points);
    for file in manifest.points(SegmentSignal::Samples, start, end) {
        for (series, points) in read_segment(reader, file, selection, start, end)? {
            overlay(series, points);
        }
    }
    for head in &manifest.heads {
        for (series, points) in read_head(reader, *head, selection.series, start, end)? {
            overlay(series, points);
        }
    }
    merged.retain(|_, points| !points.is_empty());
    Ok(merged)
}

/// Returns the number of points of each series in a segment.
pub(crate) fn point_counts(reader: &Reader, file: &SegmentFile) -> Result<HashMap<u64, u64>, StoreError> {
    let mut counts = HashMap::new();
    let scan = file.scan()?.ok_or_else(unreadable)?;
    for group in scan.all_groups() {
        reader.check()?;
        scan.read(group, &sample_rows::COUNTS, None, |batch| {
            for (series, points) in sample_rows::counts(batch) {
                *counts.entry(series).or_insert(0) += u64::from(points);
            }
            Ok(())
        })?;
    }
    Ok(counts)
}

/// Reads points of a segment. A file that cannot be read is marked as faulty and counts as empty.
pub(crate) fn read_segment(
    reader: &Reader,
    file: &SegmentFile,
    selection: SeriesSelection<'_>,
    start: i64,
    end: i64,
) -> Result<Vec<(u64, Points)>, StoreError> {
    if file.fault().is_some() {
        return Ok(Vec::new());
    }
    let read = read_file(reader, file, selection, start, end);
    reader.check()?;
    read.or_else(|error| {
        file.mark_faulty(&error);
        Ok(Vec::new())
    })
}

fn unreadable() -> StoreError {
    StoreError::Database("the segment cannot be read".to_owned())
}

/// Reads points of a segment. Fails if the file cannot be read.
pub(crate) fn read_file(
    reader: &Reader,
    file: &SegmentFile,
    selection: SeriesSelection<'_>,
    start: i64,
    end: i64,
) -> Result<Vec<(u64, Points)>, StoreError> {
    let mut found = Vec::new();
    let scan = file.scan()?.ok_or_else(unreadable)?;
    for group in scan.groups(selection.row_groups()) {
        reader.check()?;
        let ranges = scan.find(group, sample_rows::INDEX, |_, series, first, last| {
            before(first, end) && last >= start && selection.contains(series)
        })?;
        if ranges.is_empty() {
            continue;
        }
        scan.read(group, &sample_rows::POINTS, Some(&ranges), |batch| {
            for (series, row) in sample_rows::rows(batch) {
                let mut points = decode(row);
                points.clip(start, end);
                found.push((series, points));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// Reads points of a head.
pub(crate) fn read_head(
    reader: &Reader,
    head: u64,
    series: &[u64],
    start: i64,
    end: i64,
) -> Result<HashMap<u64, Points>, StoreError> {
    let mut arrived: HashMap<u64, Vec<Arrival>> = HashMap::new();
    let upper = if end == i64::MAX { String::new() } else { format!("AND time < {end}") };
    let sql = format!(
        "SELECT series_id, time, rowid, start_time, value FROM {} WHERE time >= {start} {upper} \
         AND series_id IN ({})",
        head::samples(head),
        id_list(series.iter().copied()),
    );
    reader.batches(&sql, &[], |batch| {
        let ids = batch.column(0).as_primitive::<UInt64Type>();
        let times = batch.column(1).as_primitive::<Int64Type>();
        let row_ids = batch.column(2).as_primitive::<Int64Type>();
        let starts = batch.column(3).as_primitive::<Int64Type>();
        let values = batch.column(4).as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            arrived.entry(ids.value(row)).or_default().push((
                times.value(row),
                row_ids.value(row),
                starts.is_valid(row).then(|| starts.value(row)),
                values.value(row),
            ));
        }
        Ok(())
    })?;
    Ok(arrived.into_iter().map(|(series, rows)| (series, Points::from_arrivals(rows))).collect())
}
