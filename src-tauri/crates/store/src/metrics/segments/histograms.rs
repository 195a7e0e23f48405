//! Segments of histogram points.

use std::{collections::HashSet, sync::Arc};

use model::DataResolution;

use super::rollup_plan;
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    database::sql::excludes,
    metrics::{
        head,
        histogram::decode::points,
        histogram_file::{self, ROW_COLUMNS},
        point_tables::{self, POINT},
        rollup::histogram_file::HistogramRollupFile,
    },
    segment::{
        plan::{NewSegment, SealPlan, SegmentPlan},
        retention_tier::RollupResolution,
        segment_file::SegmentFile,
        signal::SegmentSignal,
        signal_segments::{RowColumns, SegmentContext, SignalSegments},
    },
};

/// The segments of histogram points.
pub(crate) struct HistogramSegments;

impl SignalSegments for HistogramSegments {
    fn signal(&self) -> SegmentSignal {
        SegmentSignal::Histograms
    }

    fn head_table(&self, head: u64) -> String {
        head::histogram_points(head)
    }

    fn row_columns(&self, resolution: DataResolution) -> RowColumns {
        match resolution {
            DataResolution::Points => ROW_COLUMNS,
            // A row is one interval.
            DataResolution::Minutes | DataResolution::Hours => {
                RowColumns { first: "first_time", last: "last_time", points: None }
            }
        }
    }

    fn seal(
        &self,
        context: SegmentContext<'_>,
        head: u64,
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let sources = [point_tables::histogram_head(head)];
        histogram_file::write(context.reader, &sources, plan, context.ids, context.folder)
    }

    fn merge(
        &self,
        context: SegmentContext<'_>,
        files: &[Arc<SegmentFile>],
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let sources: Result<Vec<_>, _> =
            files.iter().map(|file| point_tables::histogram_file(&file.info.path)).collect();
        histogram_file::write(context.reader, &sources?, plan, context.ids, context.folder)
    }

    fn rewrite(
        &self,
        context: SegmentContext<'_>,
        file: &Arc<SegmentFile>,
        without: &HashSet<u64>,
        plan: SegmentPlan,
    ) -> Result<Option<NewSegment>, StoreError> {
        let source = [point_tables::histogram_file(&file.info.path)?];
        let condition = excludes("series_id", without.iter().copied());
        histogram_file::write_file(context.reader, &source, &condition, plan, context.folder)
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
            targets.push(HistogramRollupFile::create(plan, *resolution, context.folder)?);
        }
        let names: Vec<&str> = ["series_id", "time"].into_iter().chain(POINT.split(", ")).collect();
        let mut series: Option<Arc<SeriesEntry>> = None;
        let Some(scan) = file.scan()? else { return Ok(Vec::new()) };
        for group in scan.all_groups() {
            reader.check()?;
            scan.read(group, &names, None, |batch| {
                for point in points(batch) {
                    if series.as_ref().is_none_or(|series| series.id != point.series) {
                        for target in &mut targets {
                            target.begin(reader.catalog.series(point.series))?;
                        }
                        series = reader.catalog.series(point.series);
                    }
                    for target in &mut targets {
                        target.add(point.clone())?;
                    }
                }
                Ok(())
            })?;
        }
        let mut new = Vec::new();
        for target in targets {
            new.extend(target.finish()?);
        }
        Ok(new)
    }
}
