//! One new partition file of samples.

use std::{collections::HashMap, path::Path, sync::Arc};

use model::{TimeRange, Timestamp};

use super::{
    codec::{Row, encode, split},
    file::{FileWriter, Written},
    points::Points,
    rollup, rows,
};
use crate::{
    StoreError,
    dictionary::KnownSeries,
    layout::{Partition, PartitionShare, PartitionSignal, file_path},
};

/// Points in a row group: a read of one series decodes one group.
const GROUP_POINTS: usize = 128 << 10;
/// Rows in a row group, at most.
const GROUP_ROWS: usize = 4096;

/// A partition whose file is written and that no row of the partition table names yet.
pub(crate) type NewPartition = Partition;

/// What a partition is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) id: u64,
    pub(crate) level: u8,
    pub(crate) window: TimeRange,
    pub(crate) head: u64,
}

/// What lies in a file so far.
#[derive(Default)]
pub(crate) struct Tally {
    first: Option<i64>,
    last: Option<i64>,
    points: u64,
    series: u64,
    services: HashMap<String, u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, service: &str, points: u64, first: i64, last: i64) {
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
        self.points += points;
        self.series += 1;
        match self.services.get_mut(service) {
            Some(total) => *total += points,
            None => {
                self.services.insert(service.to_owned(), points);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.points == 0
    }

    /// The partition as it is entered into the table.
    pub(crate) fn partition(
        self,
        plan: Plan,
        signal: PartitionSignal,
        folder: &Path,
        written: Written,
    ) -> NewPartition {
        let share = |points: u64| {
            let part = u128::from(written.bytes) * u128::from(points) / u128::from(self.points.max(1));
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        let mut services: Vec<_> = self
            .services
            .into_iter()
            .map(|(service, points)| PartitionShare { service, points, bytes: share(points) })
            .collect();
        services.sort_by(|left, right| {
            right.points.cmp(&left.points).then_with(|| left.service.cmp(&right.service))
        });
        Partition {
            id: plan.id,
            signal,
            level: plan.level,
            window: plan.window,
            first: Timestamp(self.first.unwrap_or_default()),
            last: Timestamp(self.last.unwrap_or_default()),
            points: self.points,
            series: self.series,
            bytes: written.bytes,
            checksum: written.checksum,
            head: plan.head,
            pinned: false,
            services,
            path: file_path(folder, signal, plan.id),
        }
    }
}

/// A file of samples on its way. Series must come in the order of their metric's name and their number.
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
        let path = file_path(folder, PartitionSignal::Samples, plan.id);
        Ok(Self {
            plan,
            folder,
            file: FileWriter::create(path, rows::schema(), &rows::DICTIONARIES)?,
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
            let mut row = encode(&part);
            rollup::add(&mut row, series, &part);
            self.waiting.push((Arc::clone(series), row));
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
