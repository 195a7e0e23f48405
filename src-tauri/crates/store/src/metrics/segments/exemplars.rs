//! Segments of exemplars.

use std::{collections::HashSet, sync::Arc};

use model::DataResolution;

use super::in_window;
use crate::{
    StoreError,
    database::sql::excludes,
    metrics::{exemplar_file, exemplars, head, histogram_file::ROW_COLUMNS},
    segment::{
        plan::{NewSegment, SealPlan, SegmentPlan},
        retention_tier::RollupResolution,
        segment_file::SegmentFile,
        signal::SegmentSignal,
        signal_segments::{RowColumns, SegmentContext, SignalSegments},
    },
};

/// The segments of exemplars. They have no roll-ups and one retention tier.
pub(crate) struct ExemplarSegments;

impl SignalSegments for ExemplarSegments {
    fn signal(&self) -> SegmentSignal {
        SegmentSignal::Exemplars
    }

    fn head_table(&self, head: u64) -> String {
        head::exemplars(head)
    }

    fn row_columns(&self, _: DataResolution) -> RowColumns {
        ROW_COLUMNS
    }

    fn seal(
        &self,
        context: SegmentContext<'_>,
        head: u64,
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let sources = [exemplars::in_table(&head::exemplars(head))];
        let condition = in_window(plan.window);
        let plan = plan.points(DataResolution::Points, context.ids.next());
        let written = exemplar_file::write(context.reader, &sources, &condition, plan, context.folder)?;
        Ok(written.into_iter().collect())
    }

    fn merge(
        &self,
        context: SegmentContext<'_>,
        files: &[Arc<SegmentFile>],
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let sources: Result<Vec<_>, _> =
            files.iter().map(|file| exemplars::in_file(&file.info.path)).collect();
        let plan = plan.points(DataResolution::Points, context.ids.next());
        let written = exemplar_file::write(context.reader, &sources?, "true", plan, context.folder)?;
        Ok(written.into_iter().collect())
    }

    fn rewrite(
        &self,
        context: SegmentContext<'_>,
        file: &Arc<SegmentFile>,
        without: &HashSet<u64>,
        plan: SegmentPlan,
    ) -> Result<Option<NewSegment>, StoreError> {
        let source = [exemplars::in_file(&file.info.path)?];
        let condition = excludes("series_id", without.iter().copied());
        exemplar_file::write(context.reader, &source, &condition, plan, context.folder)
    }

    fn roll_up(
        &self,
        _: SegmentContext<'_>,
        _: &SegmentFile,
        _: &[RollupResolution],
    ) -> Result<Vec<NewSegment>, StoreError> {
        Ok(Vec::new())
    }
}
