//! Partitions of one window become one, with each point once.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use model::{DataResolution, TimeRange};

use super::{
    LATENESS, Maintenance, copy, histograms,
    seal::{batches, in_order},
    steps::MaintenanceStep,
    window,
};
use crate::{
    StoreError,
    dictionary::KnownSeries,
    layout::{Layout, PartitionFile, PartitionSignal, file_path},
    open::quote,
    partition::{
        NewPartition, Plan, Points, SampleFiles, SamplesFile, Sealing, checksum, counts, exemplars,
        read_file, span_of, tables,
    },
    reader::Reader,
    sql::id_list,
};

/// Partitions that are to become one.
#[derive(Debug)]
pub(super) struct Merge {
    level: u8,
    window: TimeRange,
    files: Vec<Arc<PartitionFile>>,
}

/// The merges worth making: of the partitions in a day that is over, and of those in a shorter window that is over.
/// `now` is when a window is over; without it every window is taken as over.
pub(super) fn merges(layout: &Layout, now: Option<i64>) -> Vec<Merge> {
    let over = |window: TimeRange| now.is_none_or(|now| window.end.0 <= now.saturating_sub(LATENESS));
    let mut merges = Vec::new();
    let mut taken: HashSet<u64> = HashSet::new();
    for level in [window::DAY, 0, window::DAY + 1, window::EVERYTHING] {
        let mut groups: BTreeMap<(PartitionSignal, i64), Vec<Arc<PartitionFile>>> = BTreeMap::new();
        for file in &layout.partitions {
            let info = &file.info;
            let fits = info.level == level || (level == window::DAY && info.level < level);
            if info.form == DataResolution::Points
                && fits
                && !taken.contains(&info.id)
                && file.fault().is_none()
            {
                let start = window::window(info.first.0, level).start.0;
                groups.entry((info.signal, start)).or_default().push(Arc::clone(file));
            }
        }
        for ((_, start), files) in groups {
            let window = window::window(start, level);
            if several(&files) && over(window) && keeps_order(layout, &files) {
                taken.extend(files.iter().map(|file| file.info.id));
                merges.push(Merge { level, window, files });
            }
        }
    }
    merges
}

/// Whether the files as one still lie rightly between all others: the one counts as written when the newest of them
/// was, so nothing that overlaps an older one may have been written in between.
fn keeps_order(layout: &Layout, files: &[Arc<PartitionFile>]) -> bool {
    let ids: HashSet<u64> = files.iter().map(|file| file.info.id).collect();
    let newest = files.iter().map(|file| file.info.head).max().unwrap_or_default();
    let others = layout.partitions.iter().filter(|other| {
        !ids.contains(&other.info.id)
            && other.info.form == DataResolution::Points
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

/// Whether the files were written at more than one time: those of one time are of different series.
fn several(files: &[Arc<PartitionFile>]) -> bool {
    let mut seen = HashSet::new();
    let heads: HashSet<u64> = files.iter().map(|file| file.info.head).collect();
    heads.len() > 1 || files.iter().any(|file| !seen.insert(file.info.lasts))
}

impl Maintenance {
    /// Makes every merge that is worth it.
    pub(super) fn compact(&mut self, now: Option<i64>) -> Result<(), StoreError> {
        let merges = merges(&self.layouts.current(), now);
        let of = merges.len();
        for (done, merge) in merges.into_iter().enumerate() {
            let (new, replaced) = self.merge(&merge, done, of)?;
            self.publish(new, replaced, |_| Ok(0))?;
        }
        Ok(())
    }

    /// Writes a file of points of the first form anew, the newest of them first, with the minutes and hours that it lacks;
    /// false if there is none left.
    pub(super) fn bring_up_to_date(&mut self) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT id FROM partition_files WHERE format < 2 AND form = 'points'")?;
        let old: HashSet<u64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let layout = self.layouts.current();
        let whole = |file: &&Arc<PartitionFile>| old.contains(&file.info.id) && file.fault().is_none();
        let newest = layout.partitions.iter().filter(whole).max_by_key(|file| file.info.last);
        let Some(file) = newest else { return Ok(false) };
        let merge = Merge { level: file.info.level, window: file.info.window, files: vec![Arc::clone(file)] };
        let (new, replaced) = self.merge(&merge, 0, 1)?;
        self.publish(new, replaced, |_| Ok(0))?;
        Ok(true)
    }

    /// Writes the points of a merge with their roll-ups; with the numbers of the files they replace.
    fn merge(
        &self,
        merge: &Merge,
        done: usize,
        of: usize,
    ) -> Result<(Vec<NewPartition>, Vec<u64>), StoreError> {
        let newest = merge.files.iter().map(|file| &file.info).max_by_key(|info| info.head);
        let Some((signal, head)) = newest.map(|info| (info.signal, info.head)) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let pinned = merge.files.iter().any(|file| file.info.pinned);
        let sealing = Sealing { level: merge.level, window: merge.window, head, pinned };
        let path = file_path(&self.layouts.folder, signal, DataResolution::Points, self.ids.coming());
        self.steps.tell(MaintenanceStep::Write { path, done, of });
        let reader = self.reader()?;
        for file in &merge.files {
            // What was damaged since must not get into a file that looks whole.
            checked(&reader, file, unchanged(file))?;
        }
        let points = match signal {
            PartitionSignal::Samples => {
                let mut target = SampleFiles::new(sealing, &self.ids, &self.layouts.folder);
                merge_samples(&reader, &merge.files, &HashSet::new(), |series, points| {
                    target.add(series, points)
                })?;
                target.finish()?
            }
            PartitionSignal::Exemplars => {
                let sources: Result<Vec<_>, _> =
                    merge.files.iter().map(|file| exemplars::in_file(&file.info.path)).collect();
                let plan = sealing.points(DataResolution::Points, self.ids.next());
                let folder = &self.layouts.folder;
                super::exemplars::write(&reader, &sources?, "true", plan, folder)?.into_iter().collect()
            }
            PartitionSignal::Histograms => {
                let sources: Result<Vec<_>, _> =
                    merge.files.iter().map(|file| tables::histogram_file(&file.info.path)).collect();
                histograms::write(&reader, &sources?, "true", sealing, &self.ids, &self.layouts.folder)?
            }
        };
        self.steps.tell(MaintenanceStep::RollUp);
        let mut new = self.with_roll_ups(&reader, points)?;
        let mut replaced: Vec<u64> = merge.files.iter().map(|file| file.info.id).collect();
        for file in &merge.files {
            let (kept, gone) = self.remaining_roll_ups(&reader, file)?;
            new.extend(kept);
            replaced.extend(gone);
        }
        Ok((new, replaced))
    }

    /// The roll-ups of a file of points without what is made of these points: what they have beyond, of services whose
    /// points went before, stays. With the numbers of the files they replace.
    fn remaining_roll_ups(
        &self,
        reader: &Reader,
        points: &PartitionFile,
    ) -> Result<(Vec<NewPartition>, Vec<u64>), StoreError> {
        let has = |service: &str| points.info.services.iter().any(|share| share.service == service);
        let (mut new, mut replaced) = (Vec::new(), Vec::new());
        for file in &self.layouts.current().partitions {
            let info = &file.info;
            if info.bundle != points.info.bundle || info.form == DataResolution::Points {
                continue;
            }
            let beyond: Vec<String> = info
                .services
                .iter()
                .filter(|share| !has(&share.service))
                .map(|share| quote(&share.service))
                .collect();
            if beyond.is_empty() {
                replaced.push(info.id);
            } else if file.fault().is_none() {
                checked(reader, file, unchanged(file))?;
                let of = format!("service IN ({})", beyond.join(","));
                let plan = Plan::instead_of(info, self.ids.next());
                new.extend(copy::roll_up(reader, info, &of, plan, &self.layouts.folder)?);
                replaced.push(info.id);
            }
        }
        Ok((new, replaced))
    }

    /// A file written anew without some series; none if nothing is left.
    pub(super) fn rewrite(
        &self,
        file: &Arc<PartitionFile>,
        without: &HashSet<u64>,
    ) -> Result<Option<NewPartition>, StoreError> {
        let info = &file.info;
        let plan = Plan::instead_of(info, self.ids.next());
        let path = file_path(&self.layouts.folder, info.signal, info.form, plan.id);
        self.steps.tell(MaintenanceStep::Write { path, done: 0, of: 1 });
        let reader = self.reader()?;
        checked(&reader, file, unchanged(file))?;
        let kept = format!("series_id NOT IN ({})", id_list(without.iter().copied()));
        let kept = if without.is_empty() { "true" } else { &kept };
        match (info.form, info.signal) {
            (DataResolution::Points, PartitionSignal::Samples) => {
                let mut target = SamplesFile::create(plan, &self.layouts.folder)?;
                merge_samples(&reader, &[Arc::clone(file)], without, |series, points| {
                    target.add(series, points)
                })?;
                target.finish()
            }
            (DataResolution::Points, PartitionSignal::Histograms) => {
                let source = [tables::histogram_file(&info.path)?];
                histograms::write_file(&reader, &source, kept, plan, &self.layouts.folder)
            }
            (DataResolution::Points, PartitionSignal::Exemplars) => {
                let source = [exemplars::in_file(&info.path)?];
                super::exemplars::write(&reader, &source, kept, plan, &self.layouts.folder)
            }
            _ => copy::roll_up(&reader, info, kept, plan, &self.layouts.folder),
        }
    }

    /// New partitions in place of those that hold points of some series, without these points; with the numbers of
    /// the ones they replace.
    pub(super) fn without(
        &mut self,
        series: &HashSet<u64>,
    ) -> Result<(Vec<NewPartition>, Vec<u64>), StoreError> {
        let services: HashSet<String> =
            series.iter().filter_map(|id| Some(self.dictionary.series(*id)?.service().to_owned())).collect();
        let layout = self.layouts.current();
        let touched: Vec<_> = layout
            .partitions
            .iter()
            .filter(|file| {
                file.fault().is_none()
                    && file.info.services.iter().any(|share| services.contains(&share.service))
            })
            .collect();
        let (mut new, mut replaced) = (Vec::new(), Vec::new());
        for file in touched {
            new.extend(self.rewrite(file, series)?);
            replaced.push(file.info.id);
        }
        Ok((new, replaced))
    }
}

/// Gives the points of files, each once, by series in the order in which they lie in files, but for some series.
fn merge_samples(
    reader: &Reader,
    files: &[Arc<PartitionFile>],
    without: &HashSet<u64>,
    mut take: impl FnMut(&Arc<KnownSeries>, Points) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut points = HashMap::new();
    for file in files {
        for (series, more) in checked(reader, file, counts(reader, file))? {
            *points.entry(series).or_insert(0) += more;
        }
    }
    points.retain(|series, _| !without.contains(series));
    let series = in_order(reader, points.keys().copied());
    for batch in batches(&series, |series| points.get(&series.id).copied().unwrap_or_default()) {
        let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
        ids.sort_unstable();
        let wanted = span_of(batch, &ids);
        let mut gathered: HashMap<u64, Points> = HashMap::new();
        for file in files {
            for (series, newer) in checked(reader, file, read_file(reader, file, wanted, i64::MIN, i64::MAX))?
            {
                gathered.entry(series).or_default().overlay(newer);
            }
        }
        for series in batch {
            take(series, gathered.remove(&series.id).unwrap_or_default())?;
        }
    }
    Ok(())
}

pub(super) fn unchanged(file: &PartitionFile) -> Result<(), StoreError> {
    if checksum(&file.info.path)? == file.info.checksum {
        return Ok(());
    }
    Err(StoreError::Database("its content is not what was written".to_owned()))
}

/// Sets a file aside that could not be read, so that the next attempt goes on without it.
fn checked<T>(reader: &Reader, file: &PartitionFile, read: Result<T, StoreError>) -> Result<T, StoreError> {
    read.inspect_err(|error| {
        if reader.check().is_ok() {
            file.set_aside(error);
        }
    })
}
