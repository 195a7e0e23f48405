//! Batches of series, sized so that their points fit in memory.

use std::{collections::HashMap, sync::Arc};

use super::merged_series::MergedSeries;
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{points::Points, selection::SeriesSelection},
    read::reader::Reader,
    segment::{manifest::Manifest, signal::SegmentSignal},
};

/// Data of a series that newer data can overlay.
pub(super) trait Overlay {
    fn overlay(&mut self, newer: Self);
}

impl Overlay for Points {
    fn overlay(&mut self, newer: Self) {
        Self::overlay(self, newer);
    }
}

impl Overlay for MergedSeries {
    fn overlay(&mut self, newer: Self) {
        Self::overlay(self, newer);
    }
}

/// Points that are held in memory at a time, about.
const POINTS_AT_ONCE: u64 = 2 << 20;

/// Points that a series is assumed to have in a head.
const POINTS_IN_HEAD: u64 = 1000;

/// Calls back with each series and its data. As many series are read at a time as memory allows.
/// Data written before the type of a series was declared are merged with it. Series are ordered by
/// id.
pub(super) fn for_each_batch<T: Overlay>(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    start: i64,
    end: i64,
    read: impl Fn(SeriesSelection<'_>) -> Result<HashMap<u64, T>, StoreError>,
    mut take: impl FnMut(&Arc<SeriesEntry>, T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if series.is_empty() {
        return Ok(());
    }
    let manifest = reader.manifest()?;
    for batch in series.chunks(series_per_batch(manifest, start, end)) {
        let earlier: HashMap<u64, u64> =
            batch.iter().filter_map(|series| Some((series.id, reader.catalog.earlier_id(series)?))).collect();
        let mut ids: Vec<u64> =
            batch.iter().map(|series| series.id).chain(earlier.values().copied()).collect();
        ids.sort_unstable();
        let mut read = read(SeriesSelection::of_series(batch, &ids))?;
        for series in batch {
            let mut found = read.remove(&series.id);
            if let Some(mut before) = earlier.get(&series.id).and_then(|earlier| read.remove(earlier)) {
                found.into_iter().for_each(|later| before.overlay(later));
                found = Some(before);
            }
            if let Some(found) = found {
                take(series, found)?;
            }
        }
        reader.check()?;
    }
    Ok(())
}

/// Returns the number of series that are read at a time.
fn series_per_batch(manifest: &Manifest, start: i64, end: i64) -> usize {
    let sealed = manifest.part_groups(SegmentSignal::Samples, start, end).into_iter().filter_map(|group| {
        let file = group.points.as_ref().or(group.rollup(None).map(|(_, file)| file))?;
        let info = &file.info;
        let (first, last) = (info.first.0.max(start), info.last.0.min(end));
        let part = last.saturating_sub(first) as f64 / (info.last.since(info.first) as f64).max(1.0);
        Some((info.points as f64 / info.series.max(1) as f64 * part.clamp(0.0, 1.0)) as u64)
    });
    let each = sealed.sum::<u64>() + POINTS_IN_HEAD * manifest.heads.len() as u64;
    usize::try_from(POINTS_AT_ONCE / each.max(1)).unwrap_or(usize::MAX).clamp(1, 20_000)
}
