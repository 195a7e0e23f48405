//! The choice of segments that are merged into one.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use model::{DataResolution, TimeRange};

use super::{manifest::Manifest, segment_file::SegmentFile, signal::SegmentSignal, window};

/// Segments of points that are to become one.
#[derive(Debug)]
pub(crate) struct Merge {
    pub(crate) level: u8,
    pub(crate) window: TimeRange,
    pub(crate) files: Vec<Arc<SegmentFile>>,
}

/// Plans merges: of the segments of a past day, and of those of a past shorter window.
///
/// Windows are past if they end before `until`, or all of them without it.
pub(crate) fn plan_merges(manifest: &Manifest, until: Option<i64>) -> Vec<Merge> {
    let is_past = |window: TimeRange| until.is_none_or(|until| window.end.0 <= until);
    let mut merges = Vec::new();
    let mut taken: HashSet<u64> = HashSet::new();
    for level in [window::DAY, 0, window::DAY + 1, window::EVERYTHING] {
        let mut groups: BTreeMap<(SegmentSignal, i64), Vec<Arc<SegmentFile>>> = BTreeMap::new();
        for file in &manifest.segments {
            let info = &file.info;
            let fits = info.level == level || (level == window::DAY && info.level < level);
            let is_usable = info.resolution == DataResolution::Points && file.fault().is_none();
            if fits && is_usable && !taken.contains(&info.id) {
                let start = window::window(info.first.0, level).start.0;
                groups.entry((info.signal, start)).or_default().push(Arc::clone(file));
            }
        }
        for ((_, start), files) in groups {
            let window = window::window(start, level);
            if were_written_apart(&files) && is_past(window) && keeps_order(manifest, &files) {
                taken.extend(files.iter().map(|file| file.info.id));
                merges.push(Merge { level, window, files });
            }
        }
    }
    merges
}

/// Returns whether merging the files preserves the order of writing. The merged file counts as
/// written with the newest of them, so nothing that overlaps an older one may have been written in
/// between.
fn keeps_order(manifest: &Manifest, files: &[Arc<SegmentFile>]) -> bool {
    let ids: HashSet<u64> = files.iter().map(|file| file.info.id).collect();
    let newest = files.iter().map(|file| file.info.head).max().unwrap_or_default();
    let others = manifest.segments.iter().filter(|other| {
        !ids.contains(&other.info.id)
            && other.info.resolution == DataResolution::Points
            && files.first().is_some_and(|file| file.info.signal == other.info.signal)
    });
    others.into_iter().all(|other| {
        files.iter().all(|file| {
            let between = file.info.head < other.info.head && other.info.head <= newest;
            let apart = other.info.last < file.info.first || file.info.last < other.info.first;
            !between || apart
        })
    })
}

/// Returns whether the files were written at several times. Files of one time hold different
/// series.
fn were_written_apart(files: &[Arc<SegmentFile>]) -> bool {
    let mut seen = HashSet::new();
    let heads: HashSet<u64> = files.iter().map(|file| file.info.head).collect();
    heads.len() > 1 || files.iter().any(|file| !seen.insert(file.info.retention_tier))
}
