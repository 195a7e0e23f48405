//! The contract between a signal and the code that seals, merges and rewrites its segments.

use std::{collections::HashSet, path::Path, sync::Arc};

use model::DataResolution;

use super::{
    plan::{NewSegment, SealPlan, SegmentIds, SegmentPlan},
    retention_tier::RollupResolution,
    segment_file::SegmentFile,
    signal::SegmentSignal,
};
use crate::{StoreError, read::reader::Reader};

/// The means of writing segments.
#[derive(Clone, Copy)]
pub(crate) struct SegmentContext<'run> {
    pub(crate) reader: &'run Reader,
    pub(crate) ids: &'run SegmentIds,
    /// The folder of the segments.
    pub(crate) folder: &'run Path,
}

/// The columns that a row's totals are read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowColumns {
    /// Time of the first point.
    pub(crate) first: &'static str,
    /// Time of the last point.
    pub(crate) last: &'static str,
    /// Number of points; one per row if none.
    pub(crate) points: Option<&'static str>,
}

/// A signal whose data are sealed into segments.
pub(crate) trait SignalSegments: Send + Sync {
    /// Returns the signal.
    fn signal(&self) -> SegmentSignal;

    /// Returns a head's data as a table of a statement, with a column `time`.
    fn head_table(&self, head: u64) -> String;

    /// Returns the columns of the totals of a row, in files of a resolution.
    fn row_columns(&self, resolution: DataResolution) -> RowColumns;

    /// Writes a head's points in a window to files, one per retention tier.
    fn seal(
        &self,
        context: SegmentContext<'_>,
        head: u64,
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError>;

    /// Merges files of points into new ones, one per retention tier, with each point once.
    fn merge(
        &self,
        context: SegmentContext<'_>,
        files: &[Arc<SegmentFile>],
        plan: SealPlan,
    ) -> Result<Vec<NewSegment>, StoreError>;

    /// Rewrites a file of points without some series. Returns none if no point is left.
    fn rewrite(
        &self,
        context: SegmentContext<'_>,
        file: &Arc<SegmentFile>,
        without: &HashSet<u64>,
        plan: SegmentPlan,
    ) -> Result<Option<NewSegment>, StoreError>;

    /// Writes roll-ups of a file of points.
    fn roll_up(
        &self,
        context: SegmentContext<'_>,
        file: &SegmentFile,
        resolutions: &[RollupResolution],
    ) -> Result<Vec<NewSegment>, StoreError>;
}
