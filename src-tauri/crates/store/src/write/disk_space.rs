//! The monitor of free disk space. Intake stops early, so that maintenance has space to work.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use runtime::Clock;

use super::checkpoint_space;
use crate::StoreError;

/// The shortest interval between two probes of the disk.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);
/// The delay after which senders try again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// The reserve is at most this fraction (1/n) of the disk.
const MAX_RESERVE_FRACTION: u64 = 4;

/// Disk space for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskSpace {
    /// Free bytes on the disk of the data folder.
    pub free: u64,
    /// Reserved bytes. Intake stops below them.
    pub reserve: u64,
    /// Set while intake is stopped.
    pub full: bool,
}

/// The monitor of the disk of the data folder.
#[derive(Debug)]
pub(crate) struct DiskSpaceMonitor {
    folder: PathBuf,
    clock: Clock,
    reserve: AtomicU64,
    full: AtomicBool,
    latest: Mutex<(Option<Instant>, DiskSpace)>,
}

impl DiskSpaceMonitor {
    pub(crate) fn new(folder: PathBuf, reserve: u64, clock: Clock) -> Self {
        Self {
            folder,
            clock,
            reserve: AtomicU64::new(reserve),
            full: AtomicBool::new(false),
            latest: Mutex::default(),
        }
    }

    /// Sets the reserve in bytes.
    pub(crate) fn set_reserve(&self, reserve: u64) {
        self.reserve.store(reserve, Ordering::Relaxed);
        self.latest.lock().0 = None;
    }

    /// Returns whether the latest probe is outdated.
    pub(crate) fn is_stale(&self) -> bool {
        let latest = self.latest.lock();
        latest.0.is_none_or(|at| self.clock.instant() - at >= PROBE_INTERVAL)
    }

    /// Probes the disk. Blocks, usually for microseconds. A failed probe counts as enough space: a
    /// write will fail instead.
    pub(crate) fn probe(&self) -> DiskSpace {
        let mut latest = self.latest.lock();
        if let Ok(disk) = fs4::statvfs(&self.folder) {
            let reserve = self.reserve.load(Ordering::Relaxed).min(disk.total_space() / MAX_RESERVE_FRACTION);
            let available = disk.available_space();
            // A checkpoint gives back what it holds. Commits need some space until then.
            let is_short = available < checkpoint_space::MARGIN;
            let held = if is_short { 0 } else { checkpoint_space::held(&self.folder) };
            let free = available.saturating_add(held);
            let full = is_full(self.full.load(Ordering::Relaxed), free, reserve);
            self.full.store(full, Ordering::Relaxed);
            latest.1 = DiskSpace { free, reserve, full };
        }
        latest.0 = Some(self.clock.instant());
        latest.1
    }

    /// Returns the result of the latest probe.
    pub(crate) fn latest(&self) -> DiskSpace {
        self.latest.lock().1
    }

    /// Fails while intake is stopped.
    pub(crate) fn admit(&self) -> Result<(), StoreError> {
        if !self.full.load(Ordering::Relaxed) {
            return Ok(());
        }
        let DiskSpace { free, reserve, .. } = self.latest();
        Err(StoreError::Full { free, reserve, retry_after: RETRY_AFTER })
    }
}

/// Intake stops below the reserve and resumes an eighth above it, so that it does not flap.
fn is_full(was_full: bool, free: u64, reserve: u64) -> bool {
    if was_full { free < reserve.saturating_add(reserve / 8) } else { free < reserve }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use runtime::ManualClock;

    use super::*;
    #[cfg(target_os = "linux")]
    use crate::database::paths::DATABASE;

    #[test]
    fn intake_stops_below_the_reserve_and_resumes_well_above_it() {
        assert!(!is_full(false, 800, 800));
        assert!(is_full(false, 799, 800));
        assert!(is_full(true, 899, 800));
        assert!(!is_full(true, 900, 800));
        assert!(!is_full(false, 0, 0), "no reserve, no stop");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_space_of_a_checkpoint_counts_as_free() {
        const HELD: u64 = 64 << 20;
        const NOISE: u64 = 32 << 20;
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join(DATABASE)).unwrap();
        let monitor =
            DiskSpaceMonitor::new(folder.path().to_owned(), 0, ManualClock::new(Timestamp(0)).clock());
        let before = monitor.probe().free;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, HELD).unwrap();
        let during = monitor.probe().free;
        assert!(during > before - NOISE, "{during} of {before}");
    }

    #[test]
    fn a_reserve_beyond_the_disk_is_limited_to_a_fraction_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let time = ManualClock::new(Timestamp(0));
        let monitor = DiskSpaceMonitor::new(folder.path().to_owned(), u64::MAX, time.clock());
        assert!(monitor.is_stale());
        let latest = monitor.probe();
        assert!(latest.reserve < u64::MAX / 4 && latest.reserve > 0);
        time.advance(PROBE_INTERVAL / 2);
        assert!(!monitor.is_stale());
        time.advance(PROBE_INTERVAL / 2);
        assert!(monitor.is_stale());
        monitor.probe();
        monitor.set_reserve(1);
        assert!(monitor.is_stale());
        assert!(!monitor.probe().full);
        assert_eq!(monitor.admit(), Ok(()));
    }
}
