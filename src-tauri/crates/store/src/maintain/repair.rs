//! Damaged files go out of the way, and minutes and hours are made anew from the points.

use std::{fs, sync::Arc};

use model::DataResolution;

use super::{Maintenance, compact::unchanged, steps::MaintenanceStep};
use crate::{
    StoreError,
    layout::PartitionFile,
    open::{create_folder, file_error},
    partition::{NewPartition, Resolution},
    parts::QUARANTINE,
};

impl Maintenance {
    /// Moves a file away and puts one in its place if it can be made from points. The file first: a crash in between
    /// leaves a partition without its file, which is known to be faulty and can be repaired again. How many files were
    /// made.
    pub(super) fn quarantine(&self, id: u64) -> Result<u64, StoreError> {
        let Some(file) = self.file(id) else { return Ok(0) };
        let from = &file.info.path;
        let (Some(data), Some(name)) = (self.layouts.folder.parent(), from.file_name()) else {
            return Ok(0);
        };
        let new = match self.points_of_bundle(file.info.bundle) {
            Some(points) => self.make(&points, |form| form == file.info.form)?,
            None => Vec::new(),
        };
        let folder = data.join(QUARANTINE);
        create_folder(&folder)?;
        if from.exists() {
            fs::rename(from, folder.join(name)).map_err(|error| file_error(from, &error))?;
        }
        let made = new.len() as u64;
        self.publish(new, vec![id], |_| Ok(0))?;
        Ok(made)
    }

    /// Makes the roll-ups that there should be of a file of points and are not. How many files were made.
    pub(super) fn complete(&self, id: u64) -> Result<u64, StoreError> {
        let layout = self.layouts.current();
        let Some(points) = self.file(id).and_then(|file| self.points_of_bundle(file.info.bundle)) else {
            return Ok(0);
        };
        let there = |form: DataResolution| {
            let of = |file: &&Arc<PartitionFile>| file.info.bundle == points.info.bundle;
            layout.partitions.iter().filter(of).any(|file| file.info.form == form)
        };
        let new = self.make(&points, |form| !there(form))?;
        if new.is_empty() {
            return Ok(0);
        }
        let made = new.len() as u64;
        self.publish(new, Vec::new(), |_| Ok(0))?;
        Ok(made)
    }

    fn file(&self, id: u64) -> Option<Arc<PartitionFile>> {
        self.layouts.current().partitions.iter().find(|file| file.info.id == id).cloned()
    }

    /// The points of a bundle, if they are whole.
    fn points_of_bundle(&self, bundle: u64) -> Option<Arc<PartitionFile>> {
        let layout = self.layouts.current();
        let of = |file: &&Arc<PartitionFile>| {
            file.info.bundle == bundle && file.info.form == DataResolution::Points && file.fault().is_none()
        };
        let points = layout.partitions.iter().find(of)?;
        unchanged(points).ok().map(|()| Arc::clone(points))
    }

    fn make(
        &self,
        points: &PartitionFile,
        wanted: impl Fn(DataResolution) -> bool,
    ) -> Result<Vec<NewPartition>, StoreError> {
        let of = Resolution::of(points.info.lasts).iter().copied();
        let wanted: Vec<Resolution> = of.filter(|resolution| wanted(resolution.form())).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.steps.tell(MaintenanceStep::RollUp);
        self.roll_ups(&self.reader()?, points, &wanted)
    }
}
