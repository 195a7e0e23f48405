//! The names of segment files and of resolutions in the segment table.

use std::path::{Path, PathBuf};

use model::DataResolution;

use super::signal::SegmentSignal;

/// Returns the path of a segment's file.
pub(crate) fn file_path(
    folder: &Path,
    signal: SegmentSignal,
    resolution: DataResolution,
    id: u64,
) -> PathBuf {
    let name = match (resolution, signal.rollup_prefix()) {
        (DataResolution::Minutes, Some(prefix)) => format!("{prefix}-minutes"),
        (DataResolution::Hours, Some(prefix)) => format!("{prefix}-hours"),
        _ => signal.name().to_owned(),
    };
    folder.join(format!("{name}-{id:08}.parquet"))
}

/// Returns the name of a resolution in the segment table.
pub(crate) fn resolution_name(resolution: DataResolution) -> &'static str {
    match resolution {
        DataResolution::Points => "points",
        DataResolution::Minutes => "minutes",
        DataResolution::Hours => "hours",
    }
}

/// Finds the resolution with a name in the segment table.
pub(crate) fn resolution_named(name: &str) -> Option<DataResolution> {
    [DataResolution::Points, DataResolution::Minutes, DataResolution::Hours]
        .into_iter()
        .find(|resolution| resolution_name(*resolution) == name)
}
