//! Repair: what is intact of a damaged segment is saved, the damaged file moves to the quarantine,
//! and roll-ups are rebuilt from points.

use std::{fs, io::Write, path::Path, sync::Arc};

use model::DataResolution;
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    StoreError,
    database::paths::{create_folder, file_error},
    lifecycle::rebuild_catalog::segment_content::{FoundFile, read_content},
    maintenance::{Maintenance, events::MaintenanceEvent},
    segment::{
        checksum::verify_unchanged,
        file::{UNFINISHED, Unfinished},
        intact_groups::intact_groups,
        naming::file_path,
        parity::Parity,
        plan::{NewSegment, SegmentPlan},
        retention_tier::RollupResolution,
        segment_file::SegmentFile,
    },
};

impl Maintenance {
    /// Puts a damaged file into the quarantine as `target`, and replaces it:
    ///
    /// 1. By its content, restored by its parity.
    /// 2. By a roll-up that is rebuilt from points.
    /// 3. By its intact row groups.
    ///
    /// The damaged file stays until it is replaced: a crash in between costs nothing. Returns the
    /// number of roll-ups rebuilt from points.
    pub(crate) fn quarantine(&self, id: u64, target: &Path) -> Result<u64, StoreError> {
        let Some(file) = self.file(id) else { return Ok(0) };
        let from = &file.info.path;
        let mut rebuilt = 0;
        let mut new: Vec<NewSegment> = self.restored(&file)?.into_iter().collect();
        if new.is_empty()
            && let Some(points) = self.points_of_group(file.info.part_group)
        {
            new = self.rebuild(&points, |resolution| resolution == file.info.resolution)?;
            rebuilt = new.len() as u64;
        }
        if new.is_empty() {
            new.extend(self.intact_part(&file)?);
        }
        if let Some(folder) = target.parent().filter(|_| from.exists()) {
            create_folder(folder)?;
            // Not every file system has links.
            fs::hard_link(from, target)
                .or_else(|_| fs::rename(from, target))
                .map_err(|error| file_error(from, &error))?;
        }
        self.publish(new, vec![id], |_| Ok(0))?;
        Ok(rebuilt)
    }

    /// Writes the content of a damaged file, as its parity restores it. Returns none if it cannot.
    fn restored(&self, file: &SegmentFile) -> Result<Option<NewSegment>, StoreError> {
        let (Ok(left), Some(parity)) = (fs::read(&file.info.path), Parity::read(&file.info.path)) else {
            return Ok(None);
        };
        let Some(content) = parity.restore(&left) else { return Ok(None) };
        if format!("{:032x}", xxh3_128(&content)) != file.info.checksum {
            return Ok(None);
        }
        let mut new = file.info.clone();
        new.id = self.ids.next();
        new.path = file_path(&self.manifest.folder, new.signal, new.resolution, new.id);
        write_file(&new.path, &content)?;
        Ok(Some(new))
    }

    /// Writes the intact row groups of a damaged file. Returns none if there are none.
    fn intact_part(&self, file: &SegmentFile) -> Result<Option<NewSegment>, StoreError> {
        let info = &file.info;
        let (Ok(left), Some(parity)) = (fs::read(&info.path), Parity::read(&info.path)) else {
            return Ok(None);
        };
        let Some(content) = intact_groups(&left, &parity)? else { return Ok(None) };
        let plan = SegmentPlan::replacement_of(info, self.ids.next());
        let path = file_path(&self.manifest.folder, info.signal, info.resolution, plan.id);
        write_file(&path, &content)?;
        let found = FoundFile { signal: info.signal, resolution: info.resolution, id: plan.id, path };
        let content = read_content(&found)?;
        Ok(Some(content.tally.segment(plan, info.signal, &self.manifest.folder, content.written)))
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

/// Writes a segment file under its name. The caller syncs the folder.
fn write_file(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let unfinished = Unfinished(path.with_extension(UNFINISHED));
    let written = (|| {
        let mut options = fs::File::options();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished.0)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished.0, path)
    })();
    written.map_err(|error| file_error(path, &error))
}
