//! Room on the disk: intake stops before there is none, so that what is there can still be kept in order.

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::StoreError;

/// How often the disk is asked, at most.
const LOOK: Duration = Duration::from_millis(250);
/// When senders shall come again.
const RETRY: Duration = Duration::from_secs(5);
/// The reserve is never more than this part of the disk.
const LARGEST_SHARE: u64 = 4;

/// How much room there is for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskRoom {
    /// Bytes that are free on the disk with the data folder.
    pub free: u64,
    /// Bytes that are kept free: below this nothing is taken in.
    pub reserve: u64,
    /// Whether intake has stopped.
    pub full: bool,
}

/// Watches the disk of the data folder.
#[derive(Debug)]
pub(crate) struct Room {
    folder: PathBuf,
    reserve: AtomicU64,
    full: AtomicBool,
    seen: Mutex<(Option<Instant>, DiskRoom)>,
}

impl Room {
    pub(crate) fn new(folder: PathBuf, reserve: u64) -> Self {
        Self {
            folder,
            reserve: AtomicU64::new(reserve),
            full: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    /// Bytes to keep free from now on.
    pub(crate) fn set_reserve(&self, reserve: u64) {
        self.reserve.store(reserve, Ordering::Relaxed);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).0 = None;
    }

    /// Whether the disk was asked long ago.
    pub(crate) fn is_stale(&self) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0.is_none_or(|at| at.elapsed() >= LOOK)
    }

    /// Asks the disk. Blocks, usually for microseconds. A disk that does not answer counts as roomy: the write
    /// itself will tell.
    pub(crate) fn look(&self) -> DiskRoom {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(disk) = fs4::statvfs(&self.folder) {
            let reserve = self.reserve.load(Ordering::Relaxed).min(disk.total_space() / LARGEST_SHARE);
            let full = is_full(self.full.load(Ordering::Relaxed), disk.available_space(), reserve);
            self.full.store(full, Ordering::Relaxed);
            seen.1 = DiskRoom { free: disk.available_space(), reserve, full };
        }
        seen.0 = Some(Instant::now());
        seen.1
    }

    /// What was seen last.
    pub(crate) fn seen(&self) -> DiskRoom {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Fails while there is no room for telemetry.
    pub(crate) fn admit(&self) -> Result<(), StoreError> {
        if !self.full.load(Ordering::Relaxed) {
            return Ok(());
        }
        let DiskRoom { free, reserve, .. } = self.seen();
        Err(StoreError::Full { free, reserve, retry_after: RETRY })
    }
}

/// Intake stops below the reserve and goes on an eighth above it, so that it does not flutter.
fn is_full(was_full: bool, free: u64, reserve: u64) -> bool {
    if was_full { free < reserve.saturating_add(reserve / 8) } else { free < reserve }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intake_stops_below_the_reserve_and_goes_on_well_above_it() {
        assert!(!is_full(false, 800, 800));
        assert!(is_full(false, 799, 800));
        assert!(is_full(true, 899, 800));
        assert!(!is_full(true, 900, 800));
        assert!(!is_full(false, 0, 0), "no reserve, no stop");
    }

    #[test]
    fn a_reserve_beyond_the_disk_is_cut_to_a_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::new(folder.path().to_owned(), u64::MAX);
        assert!(room.is_stale());
        let seen = room.look();
        assert!(seen.reserve < u64::MAX / 4 && seen.reserve > 0);
        assert!(!room.is_stale());
        room.set_reserve(1);
        assert!(room.is_stale());
        assert!(!room.look().full);
        assert_eq!(room.admit(), Ok(()));
    }
}
