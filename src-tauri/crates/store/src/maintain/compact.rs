//! Partitions of one window become one, with each point once.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use model::TimeRange;

use super::{
    LATENESS, Maintenance, histograms,
    seal::{batches, in_order},
    steps::MaintenanceStep,
    window,
};
use crate::{
    StoreError,
    layout::{Layout, PartitionFile, PartitionSignal, file_path},
    partition::{NewPartition, Plan, Points, SamplesFile, checksum, counts, read_file, span_of, tables},
    reader::Reader,
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
            if fits && !taken.contains(&info.id) && file.fault().is_none() {
                let start = window::window(info.first.0, level).start.0;
                groups.entry((info.signal, start)).or_default().push(Arc::clone(file));
            }
        }
        for ((_, start), files) in groups {
            let window = window::window(start, level);
            if files.len() > 1 && over(window) && keeps_order(layout, &files) {
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

impl Maintenance {
    /// Makes every merge that is worth it.
    pub(super) fn compact(&mut self, now: Option<i64>) -> Result<(), StoreError> {
        let merges = merges(&self.layouts.current(), now);
        let of = merges.len();
        for (done, merge) in merges.into_iter().enumerate() {
            let ids = merge.files.iter().map(|file| file.info.id).collect();
            let merged = self.merge(&merge, &HashSet::new(), done, of)?;
            self.publish(merged.into_iter().collect(), ids, |_| Ok(0))?;
        }
        Ok(())
    }

    /// Writes the partitions of a merge as one, without some series; none if nothing is left.
    fn merge(
        &mut self,
        merge: &Merge,
        without: &HashSet<u64>,
        done: usize,
        of: usize,
    ) -> Result<Option<NewPartition>, StoreError> {
        let newest = merge.files.iter().map(|file| &file.info).max_by_key(|info| info.head);
        let Some((signal, head)) = newest.map(|info| (info.signal, info.head)) else { return Ok(None) };
        let plan = Plan { id: self.next_id(), level: merge.level, window: merge.window, head };
        let path = file_path(&self.layouts.folder, signal, plan.id);
        self.steps.tell(MaintenanceStep::Write { path, done, of });
        let reader = self.reader()?;
        for file in &merge.files {
            // What was damaged since must not get into a file that looks whole.
            checked(&reader, file, unchanged(file))?;
        }
        let written = match signal {
            PartitionSignal::Samples => self.merge_samples(&reader, &merge.files, without, plan),
            PartitionSignal::Histograms => {
                let sources: Result<Vec<_>, _> =
                    merge.files.iter().map(|file| tables::histogram_file(&file.info.path)).collect();
                let kept = if without.is_empty() {
                    "true".to_owned()
                } else {
                    format!("series_id NOT IN ({})", crate::sql::id_list(without.iter().copied()))
                };
                histograms::write(&reader, &sources?, &kept, plan, &self.layouts.folder)
            }
        };
        let pinned = merge.files.iter().any(|file| file.info.pinned);
        Ok(written?.map(|partition| NewPartition { pinned, ..partition }))
    }

    fn merge_samples(
        &self,
        reader: &Reader,
        files: &[Arc<PartitionFile>],
        without: &HashSet<u64>,
        plan: Plan,
    ) -> Result<Option<NewPartition>, StoreError> {
        let mut points = std::collections::HashMap::new();
        for file in files {
            for (series, more) in checked(reader, file, counts(reader, file))? {
                *points.entry(series).or_insert(0) += more;
            }
        }
        points.retain(|series, _| !without.contains(series));
        let series = in_order(reader, points.keys().copied());
        let mut target = SamplesFile::create(plan, &self.layouts.folder)?;
        for batch in batches(&series, |series| points.get(&series.id).copied().unwrap_or_default()) {
            let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
            ids.sort_unstable();
            let wanted = span_of(batch, &ids);
            let mut gathered: std::collections::HashMap<u64, Points> = std::collections::HashMap::new();
            for file in files {
                for (series, newer) in
                    checked(reader, file, read_file(reader, file, wanted, i64::MIN, i64::MAX))?
                {
                    gathered.entry(series).or_default().overlay(newer);
                }
            }
            for series in batch {
                target.add(series, gathered.remove(&series.id).unwrap_or_default())?;
            }
        }
        target.finish()
    }

    /// A partition written anew without some series; none if nothing is left.
    pub(super) fn rewrite(
        &mut self,
        file: &Arc<PartitionFile>,
        without: &HashSet<u64>,
    ) -> Result<Option<NewPartition>, StoreError> {
        let (level, window) = (file.info.level, file.info.window);
        self.merge(&Merge { level, window, files: vec![Arc::clone(file)] }, without, 0, 1)
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
        for (done, file) in touched.iter().enumerate() {
            let merge =
                Merge { level: file.info.level, window: file.info.window, files: vec![Arc::clone(file)] };
            new.extend(self.merge(&merge, series, done, touched.len())?);
            replaced.push(file.info.id);
        }
        Ok((new, replaced))
    }
}

fn unchanged(file: &PartitionFile) -> Result<(), StoreError> {
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
