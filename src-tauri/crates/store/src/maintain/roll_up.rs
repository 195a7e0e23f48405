//! What the points of a file come to by the minute and by the hour, as files of their own.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;
use model::{DataResolution, Temporality};

use super::{
    Maintenance,
    seal::{batches, in_order},
};
use crate::{
    StoreError,
    dictionary::KnownSeries,
    histogram,
    layout::{Partition, PartitionFile, PartitionSignal, file_path},
    partition::{
        DICTIONARIES, FileWriter, NewPartition, Plan, Points, Resolution, StepsFile, Tally, counts,
        describing_columns, describing_fields, read_file, span_of, tables::POINT,
    },
    reader::Reader,
};

/// Rows in a row group.
const GROUP_ROWS: usize = 4096;

impl Maintenance {
    /// Writes the roll-ups of new files of points, and gives all files together.
    pub(super) fn with_roll_ups(
        &self,
        reader: &Reader,
        points: Vec<NewPartition>,
    ) -> Result<Vec<NewPartition>, StoreError> {
        let mut all = Vec::new();
        for partition in points {
            let file = PartitionFile::new(partition.clone());
            all.push(partition);
            all.extend(self.roll_ups(reader, &file, Resolution::of(file.info.lasts))?);
        }
        Ok(all)
    }

    /// Writes what the points of a file come to.
    pub(super) fn roll_ups(
        &self,
        reader: &Reader,
        file: &PartitionFile,
        resolutions: &[Resolution],
    ) -> Result<Vec<NewPartition>, StoreError> {
        if resolutions.is_empty() {
            return Ok(Vec::new());
        }
        match file.info.signal {
            PartitionSignal::Samples => self.roll_up_samples(reader, file, resolutions),
            PartitionSignal::Histograms => self.roll_up_histograms(reader, file, resolutions),
            // An exemplar stands for itself.
            PartitionSignal::Exemplars => Ok(Vec::new()),
        }
    }

    fn plan(&self, points: &Partition, form: DataResolution) -> Plan {
        Plan { form, lasts: form, bundle: points.bundle, ..Plan::instead_of(points, self.ids.next()) }
    }

    fn roll_up_samples(
        &self,
        reader: &Reader,
        file: &PartitionFile,
        resolutions: &[Resolution],
    ) -> Result<Vec<NewPartition>, StoreError> {
        let mut targets = Vec::new();
        for resolution in resolutions {
            let plan = self.plan(&file.info, resolution.form());
            targets.push(StepsFile::create(plan, *resolution, &self.layouts.folder)?);
        }
        let points = counts(reader, file)?;
        let series = in_order(reader, points.keys().copied());
        for batch in batches(&series, |series| points.get(&series.id).copied().unwrap_or_default()) {
            let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
            ids.sort_unstable();
            let mut gathered: HashMap<u64, Points> = HashMap::new();
            for (series, more) in read_file(reader, file, span_of(batch, &ids), i64::MIN, i64::MAX)? {
                gathered.entry(series).or_default().overlay(more);
            }
            for series in batch {
                let points = gathered.remove(&series.id).unwrap_or_default();
                for target in &mut targets {
                    target.add(series, &points)?;
                }
            }
        }
        let mut new = Vec::new();
        for target in targets {
            new.extend(target.finish()?);
        }
        Ok(new)
    }

    fn roll_up_histograms(
        &self,
        reader: &Reader,
        file: &PartitionFile,
        resolutions: &[Resolution],
    ) -> Result<Vec<NewPartition>, StoreError> {
        let mut targets = Vec::new();
        for resolution in resolutions {
            let plan = self.plan(&file.info, resolution.form());
            targets.push(StretchesFile::create(plan, *resolution, &self.layouts.folder)?);
        }
        let names: Vec<&str> = ["series_id", "time"].into_iter().chain(POINT.split(", ")).collect();
        let mut series: Option<Arc<KnownSeries>> = None;
        let Some(scan) = file.scan()? else { return Ok(Vec::new()) };
        for group in scan.all_groups() {
            reader.check()?;
            scan.read(group, &names, None, |batch| {
                for point in histogram::points(batch) {
                    if series.as_ref().is_none_or(|series| series.id != point.series) {
                        for target in &mut targets {
                            target.next(reader.dictionary.series(point.series))?;
                        }
                        series = reader.dictionary.series(point.series);
                    }
                    for target in &mut targets {
                        target.add(point.clone())?;
                    }
                }
                Ok(())
            })?;
        }
        let mut new = Vec::new();
        for target in targets {
            new.extend(target.finish()?);
        }
        Ok(new)
    }
}

/// A file of stretches of histograms on its way, one row each.
struct StretchesFile<'folder> {
    plan: Plan,
    resolution: Resolution,
    folder: &'folder std::path::Path,
    file: FileWriter,
    current: Option<(Arc<KnownSeries>, histogram::RollUp)>,
    waiting: Vec<(Arc<KnownSeries>, histogram::Stretch)>,
    tally: Tally,
}

impl<'folder> StretchesFile<'folder> {
    fn create(
        plan: Plan,
        resolution: Resolution,
        folder: &'folder std::path::Path,
    ) -> Result<Self, StoreError> {
        let path = file_path(folder, PartitionSignal::Histograms, plan.form, plan.id);
        let file = FileWriter::create(&plan, path, schema(), &DICTIONARIES)?;
        let (waiting, tally) = (Vec::new(), Tally::default());
        Ok(Self { plan, resolution, folder, file, current: None, waiting, tally })
    }

    /// What follows is of another series; of one that nobody knows nothing is kept.
    fn next(&mut self, series: Option<Arc<KnownSeries>>) -> Result<(), StoreError> {
        if let Some((series, mut rolled)) = self.current.take()
            && let Some(stretch) = rolled.finish()
        {
            self.push(series, stretch)?;
        }
        self.current = series.map(|series| {
            let delta = series.temporality == Temporality::Delta;
            (series, histogram::RollUp::new(delta, self.resolution.length()))
        });
        Ok(())
    }

    fn add(&mut self, point: histogram::Point) -> Result<(), StoreError> {
        let Some((series, rolled)) = &mut self.current else { return Ok(()) };
        match rolled.take(point) {
            Some(stretch) => {
                let series = Arc::clone(series);
                self.push(series, stretch)
            }
            None => Ok(()),
        }
    }

    fn push(&mut self, series: Arc<KnownSeries>, stretch: histogram::Stretch) -> Result<(), StoreError> {
        self.tally.add_some(series.service(), 1, stretch.first_time, stretch.last_time);
        if self.waiting.last().is_none_or(|(before, _)| before.id != series.id) {
            self.tally.series += 1;
        }
        self.waiting.push((series, stretch));
        if self.waiting.len() >= GROUP_ROWS { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut columns: Vec<ArrayRef> = describing_columns(self.waiting.iter().map(|(series, _)| series));
        let stretches: Vec<_> = self.waiting.drain(..).map(|(_, stretch)| stretch).collect();
        columns.extend(histogram::columns(&stretches)?);
        self.file.group(&RecordBatch::try_new(schema(), columns)?)
    }

    fn finish(mut self) -> Result<Option<NewPartition>, StoreError> {
        self.next(None)?;
        self.group()?;
        if self.tally.is_empty() {
            return Ok(None);
        }
        let written = self.file.finish()?;
        Ok(Some(self.tally.partition(self.plan, PartitionSignal::Histograms, self.folder, written)))
    }
}

fn schema() -> Arc<Schema> {
    let mut fields = describing_fields();
    fields.extend(histogram::fields());
    Arc::new(Schema::new(fields))
}
