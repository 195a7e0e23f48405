//! Sealing, merging, rewriting and rolling up of the segments of each signal.

pub(crate) mod exemplars;
pub(crate) mod histograms;
pub(crate) mod samples;

use model::{DataResolution, TimeRange};

use crate::segment::{
    plan::{SegmentIds, SegmentPlan},
    segment_file::SegmentFile,
};

/// Plans a roll-up of a file of points.
fn rollup_plan(points: &SegmentFile, resolution: DataResolution, ids: &SegmentIds) -> SegmentPlan {
    let plan = SegmentPlan::replacement_of(&points.info, ids.next());
    SegmentPlan { resolution, retention_tier: resolution, part_group: points.info.part_group, ..plan }
}

/// Returns the condition that a time is in a window.
fn in_window(window: TimeRange) -> String {
    let upper =
        if window.end.0 == i64::MAX { String::new() } else { format!(" AND time < {}", window.end.0) };
    format!("time >= {}{upper}", window.start.0)
}
