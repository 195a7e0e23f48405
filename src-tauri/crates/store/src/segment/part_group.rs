//! Part groups: the segments that are made of the same points.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::DataResolution;

use super::{
    manifest::Manifest, retention_tier::RollupResolution, segment_file::SegmentFile, signal::SegmentSignal,
};

/// A segment of points and its roll-ups. Each may be deleted or damaged.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartGroup {
    pub(crate) points: Option<Arc<SegmentFile>>,
    minutes: Option<Arc<SegmentFile>>,
    hours: Option<Arc<SegmentFile>>,
}

impl PartGroup {
    /// Returns the roll-up of a resolution, or else the finest one.
    pub(crate) fn rollup(
        &self,
        resolution: Option<RollupResolution>,
    ) -> Option<(RollupResolution, &Arc<SegmentFile>)> {
        let hours = self.hours.as_ref().map(|file| (RollupResolution::Hours, file));
        let minutes = self.minutes.as_ref().map(|file| (RollupResolution::Minutes, file));
        if resolution == Some(RollupResolution::Hours) { hours.or(minutes) } else { minutes.or(hours) }
    }

    /// Returns whether a roll-up has services whose points have expired.
    pub(crate) fn has_expired_points(&self) -> bool {
        let Some((_, rolled)) = self.rollup(None) else { return false };
        rolled.info.services.iter().any(|share| !self.has_points(&share.service))
    }

    /// Returns whether there are points of a service.
    pub(crate) fn has_points(&self, service: &str) -> bool {
        let Some(points) = &self.points else { return false };
        points.info.services.iter().any(|share| share.service == service)
    }

    /// Returns whether it was written together with another, of other series.
    pub(crate) fn written_with(&self, other: &Self) -> bool {
        let written = |group: &Self| {
            let file = group.points.as_ref().or(group.minutes.as_ref()).or(group.hours.as_ref())?;
            Some((file.info.head, file.info.level, file.info.window))
        };
        written(self) == written(other)
    }

    /// Returns the times of the first and the last point in any file.
    pub(crate) fn span(&self) -> (i64, i64) {
        let files = || [&self.points, &self.minutes, &self.hours].into_iter().flatten();
        let first = files().map(|file| file.info.first.0).min().unwrap_or(i64::MAX);
        (first, files().map(|file| file.info.last.0).max().unwrap_or(i64::MIN))
    }
}

impl Manifest {
    /// Returns the part groups of a signal that may hold data with `start <= time < end`, in the
    /// order in which their points were written. Faulty files are skipped.
    pub(crate) fn part_groups(&self, signal: SegmentSignal, start: i64, end: i64) -> Vec<PartGroup> {
        let readable = |file: &&Arc<SegmentFile>| file.info.signal == signal && file.fault().is_none();
        let files: Vec<_> = self.segments.iter().filter(readable).collect();
        let touched: HashSet<u64> =
            files.iter().filter(|file| file.touches(start, end)).map(|file| file.info.part_group).collect();
        let mut groups: Vec<PartGroup> = Vec::new();
        let mut positions: HashMap<u64, usize> = HashMap::new();
        for file in files.into_iter().filter(|file| touched.contains(&file.info.part_group)) {
            let position = *positions.entry(file.info.part_group).or_insert(groups.len());
            if position == groups.len() {
                groups.push(PartGroup::default());
            }
            let Some(group) = groups.get_mut(position) else { continue };
            let slot = match file.info.resolution {
                DataResolution::Points => &mut group.points,
                DataResolution::Minutes => &mut group.minutes,
                DataResolution::Hours => &mut group.hours,
            };
            *slot = Some(Arc::clone(file));
        }
        groups
    }
}
