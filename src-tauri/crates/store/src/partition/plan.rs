//! What new files are to be, and what lies in them.

use std::{
    collections::HashMap,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use model::{DataResolution, TimeRange, Timestamp};

use super::file::Written;
use crate::layout::{Partition, PartitionShare, PartitionSignal, file_path};

/// A partition whose file is written and that no row of the partition table names yet.
pub(crate) type NewPartition = Partition;

/// What a partition is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) id: u64,
    pub(crate) level: u8,
    pub(crate) window: TimeRange,
    pub(crate) head: u64,
    pub(crate) form: DataResolution,
    pub(crate) bundle: u64,
    pub(crate) lasts: DataResolution,
    pub(crate) pinned: bool,
}

impl Plan {
    /// A file like another one in place of it.
    pub(crate) fn instead_of(info: &Partition, id: u64) -> Self {
        Self {
            id,
            level: info.level,
            window: info.window,
            head: info.head,
            form: info.form,
            bundle: info.bundle,
            lasts: info.lasts,
            pinned: info.pinned,
        }
    }

    /// The level of zstd: little time for what is soon merged, much for what then stays.
    pub(crate) fn zstd(&self) -> i32 {
        if self.level == 0 { 5 } else { 19 }
    }
}

/// Points of a window that become files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealing {
    pub(crate) level: u8,
    pub(crate) window: TimeRange,
    pub(crate) head: u64,
    pub(crate) pinned: bool,
}

impl Sealing {
    /// The file of those points that last so long.
    pub(crate) fn points(self, lasts: DataResolution, id: u64) -> Plan {
        let Self { level, window, head, pinned } = self;
        Plan { id, level, window, head, form: DataResolution::Points, bundle: id, lasts, pinned }
    }
}

/// Numbers for new files.
#[derive(Debug)]
pub(crate) struct Ids(AtomicU64);

impl Ids {
    /// Numbers after those that files have or had.
    pub(crate) fn after<'files>(files: impl Iterator<Item = &'files Partition>) -> Self {
        let last = files.map(|info| info.id.max(info.bundle)).max().unwrap_or_default();
        Self(AtomicU64::new(last + 1))
    }

    /// The number that [`Self::next`] gives.
    pub(crate) fn coming(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// What lies in a file so far.
#[derive(Default)]
pub(crate) struct Tally {
    first: Option<i64>,
    last: Option<i64>,
    points: u64,
    pub(crate) series: u64,
    services: HashMap<String, u64>,
}

impl Tally {
    /// Adds what there is of a series.
    pub(crate) fn add(&mut self, service: &str, points: u64, first: i64, last: i64) {
        self.add_some(service, points, first, last);
        self.series += 1;
    }

    /// Adds a part of what there is of a series.
    pub(crate) fn add_some(&mut self, service: &str, points: u64, first: i64, last: i64) {
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
        self.points += points;
        match self.services.get_mut(service) {
            Some(total) => *total += points,
            None => {
                self.services.insert(service.to_owned(), points);
            }
        }
    }

    /// First and last time.
    pub(crate) fn span(&self) -> (i64, i64) {
        (self.first.unwrap_or_default(), self.last.unwrap_or_default())
    }

    pub(crate) fn is_empty(&self) -> bool {
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
            pinned: plan.pinned,
            form: plan.form,
            bundle: plan.bundle,
            lasts: plan.lasts,
            services,
            path: file_path(folder, signal, plan.form, plan.id),
        }
    }
}
