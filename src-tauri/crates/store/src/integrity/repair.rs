//! Repair: damaged segments move to the quarantine, and roll-ups are rebuilt from points.

use std::{fs, path::Path, sync::Arc};

use model::DataResolution;

use crate::{
    StoreError,
    database::paths::{create_folder, file_error},
    maintenance::{Maintenance, events::MaintenanceEvent},
    segment::{
        checksum::verify_unchanged, plan::NewSegment, retention_tier::RollupResolution,
        segment_file::SegmentFile,
    },
};

impl Maintenance {
    /// Moves a file to `target` in the quarantine and replaces it if it can be rebuilt from points.
    /// The file moves first: a crash in between leaves a segment without a file, which is faulty
    /// and can be repaired again. Returns the number of files written.
    pub(crate) fn quarantine(&self, id: u64, target: &Path) -> Result<u64, StoreError> {
        let Some(file) = self.file(id) else { return Ok(0) };
        let from = &file.info.path;
        let new = match self.points_of_group(file.info.part_group) {
            Some(points) => self.rebuild(&points, |resolution| resolution == file.info.resolution)?,
            None => Vec::new(),
        };
        if let Some(folder) = target.parent().filter(|_| from.exists()) {
            create_folder(folder)?;
            fs::rename(from, target).map_err(|error| file_error(from, &error))?;
        }
        let written = new.len() as u64;
        self.publish(new, vec![id], |_| Ok(0))?;
        Ok(written)
    }

    /// Writes the missing roll-ups of a segment of points. Returns the number of files written.
    pub(crate) fn add_rollups(&self, id: u64) -> Result<u64, StoreError> {
        let manifest = self.manifest.current();
        let Some(points) = self.file(id).and_then(|file| self.points_of_group(file.info.part_group)) else {
            return Ok(0);
        };
        let exists = |resolution: DataResolution| {
            let of = |file: &&Arc<SegmentFile>| file.info.part_group == points.info.part_group;
            manifest.segments.iter().filter(of).any(|file| file.info.resolution == resolution)
        };
        let new = self.rebuild(&points, |resolution| !exists(resolution))?;
        if new.is_empty() {
            return Ok(0);
        }
        let written = new.len() as u64;
        self.publish(new, Vec::new(), |_| Ok(0))?;
        Ok(written)
    }

    fn file(&self, id: u64) -> Option<Arc<SegmentFile>> {
        self.manifest.current().segments.iter().find(|file| file.info.id == id).cloned()
    }

    /// Returns the points of a part group, if they are undamaged.
    fn points_of_group(&self, part_group: u64) -> Option<Arc<SegmentFile>> {
        let manifest = self.manifest.current();
        let of = |file: &&Arc<SegmentFile>| {
            file.info.part_group == part_group
                && file.info.resolution == DataResolution::Points
                && file.fault().is_none()
        };
        let points = manifest.segments.iter().find(of)?;
        verify_unchanged(&points.info).ok().map(|()| Arc::clone(points))
    }

    fn rebuild(
        &self,
        points: &SegmentFile,
        is_missing: impl Fn(DataResolution) -> bool,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let of = RollupResolution::of_tier(points.info.retention_tier).iter().copied();
        let missing: Vec<RollupResolution> =
            of.filter(|resolution| is_missing(resolution.of_files())).collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        self.observer.notify(MaintenanceEvent::RollUp);
        let reader = self.reader()?;
        self.rollups(self.context(&reader), points, &missing)
    }
}
