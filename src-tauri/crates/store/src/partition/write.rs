//! New partition files of samples.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use model::DataResolution;

use super::{
    codec::{Row, encode, split},
    describe,
    file::FileWriter,
    plan::{Ids, NewPartition, Plan, Sealing, Tally},
    points::Points,
    rollup, rows,
};
use crate::{
    StoreError,
    dictionary::KnownSeries,
    layout::{PartitionSignal, file_path},
};

/// Points in a row group: a read of one series decodes one group.
const GROUP_POINTS: usize = 512 << 10;
/// Rows in a row group, at most.
const GROUP_ROWS: usize = 4096;

/// The files of samples of one window on their way, one for each age that points last. Series must come in the order in
/// which they lie in files.
pub(crate) struct SampleFiles<'folder> {
    sealing: Sealing,
    ids: &'folder Ids,
    folder: &'folder Path,
    files: BTreeMap<DataResolution, SamplesFile<'folder>>,
}

impl<'folder> SampleFiles<'folder> {
    pub(crate) fn new(sealing: Sealing, ids: &'folder Ids, folder: &'folder Path) -> Self {
        Self { sealing, ids, folder, files: BTreeMap::new() }
    }

    /// Adds the points of one series.
    pub(crate) fn add(&mut self, series: &Arc<KnownSeries>, points: Points) -> Result<(), StoreError> {
        if points.is_empty() {
            return Ok(());
        }
        let lasts = rollup::lasting_of(&points);
        if !self.files.contains_key(&lasts) {
            let plan = self.sealing.points(lasts, self.ids.next());
            self.files.insert(lasts, SamplesFile::create(plan, self.folder)?);
        }
        match self.files.get_mut(&lasts) {
            Some(file) => file.add(series, points),
            None => Ok(()),
        }
    }

    /// Finishes the files.
    pub(crate) fn finish(self) -> Result<Vec<NewPartition>, StoreError> {
        let mut new = Vec::new();
        for file in self.files.into_values() {
            new.extend(file.finish()?);
        }
        Ok(new)
    }
}

/// A file of samples on its way. Series must come in the order in which they lie in files.
pub(crate) struct SamplesFile<'folder> {
    plan: Plan,
    folder: &'folder Path,
    file: FileWriter,
    waiting: Vec<(Arc<KnownSeries>, Row)>,
    waiting_points: usize,
    tally: Tally,
}

impl<'folder> SamplesFile<'folder> {
    pub(crate) fn create(plan: Plan, folder: &'folder Path) -> Result<Self, StoreError> {
        let path = file_path(folder, PartitionSignal::Samples, plan.form, plan.id);
        let dictionaries = [describe::DICTIONARIES.as_slice(), &[rows::DICTIONARY]].concat();
        Ok(Self {
            plan,
            folder,
            file: FileWriter::create(&plan, path, rows::schema(), &dictionaries)?,
            waiting: Vec::new(),
            waiting_points: 0,
            tally: Tally::default(),
        })
    }

    /// Adds the points of one series.
    pub(crate) fn add(&mut self, series: &Arc<KnownSeries>, points: Points) -> Result<(), StoreError> {
        let Some((first, last)) = points.span() else { return Ok(()) };
        self.tally.add(series.service(), points.len() as u64, first, last);
        self.waiting_points += points.len();
        for part in split(points) {
            self.waiting.push((Arc::clone(series), encode(&part)));
        }
        if self.waiting_points >= GROUP_POINTS || self.waiting.len() >= GROUP_ROWS {
            self.group()?;
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let columns = rows::columns(&self.waiting)?;
        self.waiting.clear();
        self.waiting_points = 0;
        self.file.group(&columns)
    }

    /// Finishes the file; without any points there is none.
    pub(crate) fn finish(mut self) -> Result<Option<NewPartition>, StoreError> {
        self.group()?;
        if self.tally.is_empty() {
            return Ok(None);
        }
        let written = self.file.finish()?;
        Ok(Some(self.tally.partition(self.plan, PartitionSignal::Samples, self.folder, written)))
    }
}
