//! Files that are made of the same points, together.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::DataResolution;

use super::rollup::Resolution;
use crate::layout::{Layout, PartitionFile, PartitionSignal};

/// Points and what they come to. Any of them may be gone, or damaged, which is the same here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bundle {
    pub(crate) points: Option<Arc<PartitionFile>>,
    minutes: Option<Arc<PartitionFile>>,
    hours: Option<Arc<PartitionFile>>,
}

impl Bundle {
    /// The roll-up to read for steps of a resolution or of any: the one of this resolution, or else the finest.
    pub(crate) fn roll_up(
        &self,
        resolution: Option<Resolution>,
    ) -> Option<(Resolution, &Arc<PartitionFile>)> {
        let hours = self.hours.as_ref().map(|file| (Resolution::Hours, file));
        let minutes = self.minutes.as_ref().map(|file| (Resolution::Minutes, file));
        if resolution == Some(Resolution::Hours) { hours.or(minutes) } else { minutes.or(hours) }
    }

    /// Whether a roll-up has what no file of points has any more.
    pub(crate) fn is_bare(&self) -> bool {
        let Some((_, rolled)) = self.roll_up(None) else { return false };
        rolled.info.services.iter().any(|share| !self.has_points(&share.service))
    }

    /// Whether there are points of a service.
    pub(crate) fn has_points(&self, service: &str) -> bool {
        let Some(points) = &self.points else { return false };
        points.info.services.iter().any(|share| share.service == service)
    }

    /// Whether it was written at the same time as another, of other series.
    pub(crate) fn beside(&self, other: &Self) -> bool {
        let written = |bundle: &Self| {
            let file = bundle.points.as_ref().or(bundle.minutes.as_ref()).or(bundle.hours.as_ref())?;
            Some((file.info.head, file.info.level, file.info.window))
        };
        written(self) == written(other)
    }

    /// From the first to the last point that any file has, both included.
    pub(crate) fn span(&self) -> (i64, i64) {
        let files = || [&self.points, &self.minutes, &self.hours].into_iter().flatten();
        let first = files().map(|file| file.info.first.0).min().unwrap_or(i64::MAX);
        (first, files().map(|file| file.info.last.0).max().unwrap_or(i64::MIN))
    }
}

impl Layout {
    /// The bundles of a signal that may hold something with `start <= time < end`, in the order in which their points
    /// were written; files that cannot be read are left out.
    pub(crate) fn bundles(&self, signal: PartitionSignal, start: i64, end: i64) -> Vec<Bundle> {
        let readable = |file: &&Arc<PartitionFile>| file.info.signal == signal && file.fault().is_none();
        let files: Vec<_> = self.partitions.iter().filter(readable).collect();
        let touched: HashSet<u64> =
            files.iter().filter(|file| file.touches(start, end)).map(|file| file.info.bundle).collect();
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        for file in files.into_iter().filter(|file| touched.contains(&file.info.bundle)) {
            let place = *places.entry(file.info.bundle).or_insert(bundles.len());
            if place == bundles.len() {
                bundles.push(Bundle::default());
            }
            let Some(bundle) = bundles.get_mut(place) else { continue };
            let slot = match file.info.form {
                DataResolution::Points => &mut bundle.points,
                DataResolution::Minutes => &mut bundle.minutes,
                DataResolution::Hours => &mut bundle.hours,
            };
            *slot = Some(Arc::clone(file));
        }
        bundles
    }
}
