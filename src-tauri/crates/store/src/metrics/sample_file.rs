//! Writing of segment files of samples.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use model::DataResolution;

use super::{
    points::Points,
    rollup::sample_file::tier_of_points,
    sample_codec::{SampleRow, encode, split},
    sample_columns,
    series_columns::{self, encodings},
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    segment::{
        file::FileWriter,
        naming::file_path,
        plan::{NewSegment, SealPlan, SegmentIds, SegmentPlan},
        signal::SegmentSignal,
        tally::Tally,
    },
};

/// Points in a row group. A read of one series decodes one group.
const GROUP_POINTS: usize = 512 << 10;
/// Rows in a row group, at most.
const GROUP_ROWS: usize = 4096;

/// The files of samples of one window that are being written, one per retention tier. Series are
/// added in file order.
pub(crate) struct SampleFiles<'folder> {
    seal_plan: SealPlan,
    ids: &'folder SegmentIds,
    folder: &'folder Path,
    files: BTreeMap<DataResolution, SampleFile<'folder>>,
}

impl<'folder> SampleFiles<'folder> {
    pub(crate) fn new(seal_plan: SealPlan, ids: &'folder SegmentIds, folder: &'folder Path) -> Self {
        Self { seal_plan, ids, folder, files: BTreeMap::new() }
    }

    /// Adds the points of one series.
    pub(crate) fn add(&mut self, series: &Arc<SeriesEntry>, points: Points) -> Result<(), StoreError> {
        if points.is_empty() {
            return Ok(());
        }
        let retention_tier = tier_of_points(&points);
        if !self.files.contains_key(&retention_tier) {
            let plan = self.seal_plan.points(retention_tier, self.ids.next());
            self.files.insert(retention_tier, SampleFile::create(plan, self.folder)?);
        }
        match self.files.get_mut(&retention_tier) {
            Some(file) => file.add(series, points),
            None => Ok(()),
        }
    }

    /// Finishes the files.
    pub(crate) fn finish(self) -> Result<Vec<NewSegment>, StoreError> {
        let mut new = Vec::new();
        for file in self.files.into_values() {
            new.extend(file.finish()?);
        }
        Ok(new)
    }
}

/// A file of samples that is being written. Series are added in file order.
pub(crate) struct SampleFile<'folder> {
    plan: SegmentPlan,
    folder: &'folder Path,
    file: FileWriter,
    waiting: Vec<(Arc<SeriesEntry>, SampleRow)>,
    waiting_points: usize,
    tally: Tally,
}

impl<'folder> SampleFile<'folder> {
    pub(crate) fn create(plan: SegmentPlan, folder: &'folder Path) -> Result<Self, StoreError> {
        let path = file_path(folder, SegmentSignal::Samples, plan.resolution, plan.id);
        let dictionaries = [series_columns::DICTIONARIES.as_slice(), &[sample_columns::DICTIONARY]].concat();
        Ok(Self {
            plan,
            folder,
            file: FileWriter::create(&plan, path, sample_columns::schema(), encodings(&dictionaries))?,
            waiting: Vec::new(),
            waiting_points: 0,
            tally: Tally::default(),
        })
    }

    /// Adds the points of one series.
    pub(crate) fn add(&mut self, series: &Arc<SeriesEntry>, points: Points) -> Result<(), StoreError> {
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
        let columns = sample_columns::columns(&self.waiting)?;
        self.waiting.clear();
        self.waiting_points = 0;
        self.file.group(&columns)
    }

    /// Finishes the file. Returns none if it has no points.
    pub(crate) fn finish(mut self) -> Result<Option<NewSegment>, StoreError> {
        self.group()?;
        if self.tally.is_empty() {
            return Ok(None);
        }
        let written = self.file.finish()?;
        Ok(Some(self.tally.segment(self.plan, SegmentSignal::Samples, self.folder, written)))
    }
}
