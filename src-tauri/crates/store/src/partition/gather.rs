//! The points of series from heads and partitions together, each time once: the newest write wins.

use std::collections::HashMap;

use duckdb::arrow::{
    array::{Array, AsArray},
    datatypes::{Float64Type, Int64Type, UInt64Type},
};

use super::{
    codec::decode,
    points::{Arrival, Points, before},
    rows,
    scan::Wanted,
};
use crate::{
    StoreError, head,
    layout::{Layout, PartitionFile, PartitionSignal},
    reader::Reader,
    sql::id_list,
};

/// The points of each series with `start <= time < end`. The numbers of the series are ascending.
pub(crate) fn gather(
    reader: &Reader,
    layout: &Layout,
    wanted: Wanted<'_>,
    start: i64,
    end: i64,
) -> Result<HashMap<u64, Points>, StoreError> {
    let mut gathered: HashMap<u64, Points> = HashMap::with_capacity(wanted.series.len());
    let mut lay = |series: u64, points: Points| gathered.entry(series).or_default().overlay(points);
    for file in layout.points(PartitionSignal::Samples, start, end) {
        for (series, points) in sealed(reader, file, wanted, start, end)? {
            lay(series, points);
        }
    }
    for head in &layout.heads {
        for (series, points) in in_head(reader, *head, wanted.series, start, end)? {
            lay(series, points);
        }
    }
    gathered.retain(|_, points| !points.is_empty());
    Ok(gathered)
}

/// How many points each series has in a partition.
pub(crate) fn counts(reader: &Reader, file: &PartitionFile) -> Result<HashMap<u64, u64>, StoreError> {
    let mut counts = HashMap::new();
    let scan = file.scan()?.ok_or_else(set_aside)?;
    for group in scan.all_groups() {
        reader.check()?;
        scan.read(group, &rows::COUNTS, None, |batch| {
            for (series, points) in rows::counts(batch) {
                *counts.entry(series).or_insert(0) += u64::from(points);
            }
            Ok(())
        })?;
    }
    Ok(counts)
}

/// Points of a partition. A file that cannot be read is set aside and counts as empty.
pub(crate) fn sealed(
    reader: &Reader,
    file: &PartitionFile,
    wanted: Wanted<'_>,
    start: i64,
    end: i64,
) -> Result<Vec<(u64, Points)>, StoreError> {
    if file.fault().is_some() {
        return Ok(Vec::new());
    }
    let read = read_file(reader, file, wanted, start, end);
    reader.check()?;
    read.or_else(|error| {
        file.set_aside(&error);
        Ok(Vec::new())
    })
}

fn set_aside() -> StoreError {
    StoreError::Database("the partition was set aside because it cannot be read".to_owned())
}

/// Points of a partition, or why they cannot be read.
pub(crate) fn read_file(
    reader: &Reader,
    file: &PartitionFile,
    wanted: Wanted<'_>,
    start: i64,
    end: i64,
) -> Result<Vec<(u64, Points)>, StoreError> {
    let mut found = Vec::new();
    let scan = file.scan()?.ok_or_else(set_aside)?;
    for group in scan.groups(wanted) {
        reader.check()?;
        let ranges = scan.find(group, rows::INDEX, |_, series, first, last| {
            before(first, end) && last >= start && wanted.series.binary_search(&series).is_ok()
        })?;
        if ranges.is_empty() {
            continue;
        }
        scan.read(group, &rows::POINTS, Some(&ranges), |batch| {
            for (series, row) in rows::rows(batch) {
                let mut points = decode(row);
                points.clip(start, end);
                found.push((series, points));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// Points of a head.
pub(crate) fn in_head(
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
        let places = batch.column(2).as_primitive::<Int64Type>();
        let starts = batch.column(3).as_primitive::<Int64Type>();
        let values = batch.column(4).as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            arrived.entry(ids.value(row)).or_default().push((
                times.value(row),
                places.value(row),
                starts.is_valid(row).then(|| starts.value(row)),
                values.value(row),
            ));
        }
        Ok(())
    })?;
    Ok(arrived.into_iter().map(|(series, rows)| (series, Points::arrived(rows))).collect())
}
