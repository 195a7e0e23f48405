//! The resolution of the data that are left of a metric.

use std::sync::Arc;

use model::{DataResolution, TimeRange};

use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{sample_rows, selection::SeriesSelection},
    read::{limits::bounds, reader::Reader},
    segment::{
        manifest::Manifest, part_group::PartGroup, segment_file::SegmentFile, signal::SegmentSignal,
        time::before,
    },
};

/// Returns whether no points of any series have expired in a range.
pub(super) fn has_points_only(manifest: &Manifest, range: TimeRange) -> bool {
    let (start, end) = bounds(range);
    [SegmentSignal::Samples, SegmentSignal::Histograms]
        .into_iter()
        .all(|signal| !manifest.part_groups(signal, start, end).iter().any(PartGroup::has_expired_points))
}

/// Returns the coarsest resolution of the data that are left of series in a range: points, or
/// minutes or hours where points have expired.
pub(super) fn coarsest_resolution(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
) -> Result<DataResolution, StoreError> {
    let (start, end) = bounds(range);
    let manifest = reader.manifest()?;
    let mut coarsest = DataResolution::Points;
    for signal in [SegmentSignal::Samples, SegmentSignal::Histograms] {
        for group in manifest.part_groups(signal, start, end) {
            let rollup = group.rollup(None).filter(|(resolution, _)| resolution.of_files() > coarsest);
            let Some((resolution, file)) = rollup.filter(|_| group.has_expired_points()) else { continue };
            let expired = series.iter().filter(|series| !group.has_points(series.service()));
            let mut ids: Vec<u64> = expired
                .flat_map(|series| [Some(series.id), reader.catalog.earlier_id(series)])
                .flatten()
                .collect();
            ids.sort_unstable();
            let selection = SeriesSelection::of_series(series, &ids);
            let has_data =
                !ids.is_empty() && has_data(reader, file, selection, start, end).unwrap_or_default();
            reader.check()?;
            if has_data {
                coarsest = resolution.of_files();
            }
        }
    }
    Ok(coarsest)
}

/// Returns whether a file has data of selected series in a range.
fn has_data(
    reader: &Reader,
    file: &SegmentFile,
    selection: SeriesSelection<'_>,
    start: i64,
    end: i64,
) -> Result<bool, StoreError> {
    let Some(scan) = file.scan()? else { return Ok(false) };
    for group in scan.groups(selection.row_groups()) {
        reader.check()?;
        let rows = scan.find(group, sample_rows::INDEX, |_, series, first, last| {
            before(first, end) && last >= start && selection.contains(series)
        })?;
        if !rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
