//! Segments of samples.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::DataResolution;

use super::{in_window, rollup_plan};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{
        head,
        points::Points,
        read::merge::{point_counts, read_file, read_head},
        rollup::sample_file::SampleRollupFile,
        sample_file::{SampleFile, SampleFiles},
        selection::SeriesSelection,
        series_order::{batches, in_order},
    },
    read::reader::Reader,
    segment::{
        plan::{NewSegment, SealPlan, SegmentPlan},
        retention_tier::RollupResolution,
        segment_file::SegmentFile,
        signal::SegmentSignal,
        signal_segments::{RowColumns, SegmentContext, SignalSegments},
    },
};

/// The segments of samples.
pub(crate) struct SampleSegments;

impl SignalSegments for SampleSegments {
    fn signal(&self) -> SegmentSignal {
        SegmentSignal::Samples
    }

    fn head_table(&self, head: u64) -> String {
        head::samples(head)
    }

    fn row_columns(&self, _: DataResolution) -> RowColumns {
        RowColumns { first: "first_time", last: "last_time", points: Some("points") }
    }

    fn seal(
        &self,
        context: SegmentContext<'_>,
        head: u64,
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let reader = context.reader;
        let (start, end) = (plan.window.start.0, plan.window.end.0);
        let counts: HashMap<u64, u64> = reader
            .rows(
                &format!(
                    "SELECT series_id, count(*) FROM {} WHERE {} GROUP BY series_id",
                    head::samples(head),
                    in_window(plan.window)
                ),
                &[],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .into_iter()
            .collect();
        let series = in_order(reader, counts.keys().copied())?;
        let mut files = SampleFiles::new(plan, context.ids, context.folder);
        for batch in batches(&series, |series| counts.get(&series.id).copied().unwrap_or_default()) {
            let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
            ids.sort_unstable();
            let mut points = read_head(reader, head, &ids, start, end)?;
            for series in batch {
                files.add(series, points.remove(&series.id).unwrap_or_default())?;
            }
        }
        files.finish()
    }

    fn merge(
        &self,
        context: SegmentContext<'_>,
        files: &[Arc<SegmentFile>],
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let mut target = SampleFiles::new(plan, context.ids, context.folder);
        merge_files(context.reader, files, &HashSet::new(), |series, points| target.add(series, points))?;
        target.finish()
    }

    fn rewrite(
        &self,
        context: SegmentContext<'_>,
        file: &Arc<SegmentFile>,
        without: &HashSet<u64>,
        plan: SegmentPlan,
    ) -> Result<Option<NewSegment>, StoreError> {
        let mut target = SampleFile::create(plan, context.folder)?;
        merge_files(context.reader, &[Arc::clone(file)], without, |series, points| {
            target.add(series, points)
        })?;
        target.finish()
    }

    fn roll_up(
        &self,
        context: SegmentContext<'_>,
        file: &SegmentFile,
        resolutions: &[RollupResolution],
    ) -> Result<Vec<NewSegment>, StoreError> {
        let reader = context.reader;
        let mut targets = Vec::new();
        for resolution in resolutions {
            let plan = rollup_plan(file, resolution.of_files(), context.ids);
            targets.push(SampleRollupFile::create(plan, *resolution, context.folder)?);
        }
        let counts = point_counts(reader, file)?;
        let series = in_order(reader, counts.keys().copied())?;
        for batch in batches(&series, |series| counts.get(&series.id).copied().unwrap_or_default()) {
            let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
            ids.sort_unstable();
            let mut merged: HashMap<u64, Points> = HashMap::new();
            let selection = SeriesSelection::of_series(batch, &ids);
            for (series, more) in read_file(reader, file, selection, i64::MIN, i64::MAX)? {
                merged.entry(series).or_default().overlay(more);
            }
            for series in batch {
                let points = merged.remove(&series.id).unwrap_or_default();
                for target in &mut targets {
                    target.add(series, &points)?;
                }
            }
        }
        let mut new = Vec::new();
        for target in targets {
            new.extend(target.finish()?);
        }
        Ok(new)
    }
}

/// Calls back with the points of each series of files, each point once, in file order. Some series
/// are skipped.
fn merge_files(
    reader: &Reader,
    files: &[Arc<SegmentFile>],
    without: &HashSet<u64>,
    mut take: impl FnMut(&Arc<SeriesEntry>, Points) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut counts = HashMap::new();
    for file in files {
        for (series, more) in reader.mark_if_faulty(file, point_counts(reader, file))? {
            *counts.entry(series).or_insert(0) += more;
        }
    }
    counts.retain(|series, _| !without.contains(series));
    let series = in_order(reader, counts.keys().copied())?;
    for batch in batches(&series, |series| counts.get(&series.id).copied().unwrap_or_default()) {
        let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
        ids.sort_unstable();
        let selection = SeriesSelection::of_series(batch, &ids);
        let mut merged: HashMap<u64, Points> = HashMap::new();
        for file in files {
            let read = read_file(reader, file, selection, i64::MIN, i64::MAX);
            for (series, newer) in reader.mark_if_faulty(file, read)? {
                merged.entry(series).or_default().overlay(newer);
            }
        }
        for series in batch {
            take(series, merged.remove(&series.id).unwrap_or_default())?;
        }
    }
    Ok(())
}
