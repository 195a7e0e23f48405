//! Disk space for a checkpoint, reserved before it begins.
//!
//! A checkpoint that finds no space ends the database. The space that it may need is reserved
//! beyond the end of the database file and of its log, where no other program can take it.

use std::{
    fs::{self, File},
    path::Path,
};

use crate::database::paths::{DATABASE, LOG};

/// Bytes that a checkpoint may need beyond the length of the log.
pub(crate) const MARGIN: u64 = 4 << 20;
/// Bytes of earlier rows that a checkpoint may write again, because it merges groups of rows.
const MAX_REWRITTEN: u64 = 128 << 20;
/// Bytes that a checkpoint writes to the log.
const MARKER: u64 = 64 << 10;

/// Reserves the disk space that the next checkpoint may need. Returns false if the disk has too
/// little.
pub(crate) fn reserve(folder: &Path) -> bool {
    let length = |name: &str| fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
    let (database, log) = (length(DATABASE), length(LOG));
    if log == 0 {
        return true;
    }
    let needed = log + MARGIN;
    let Some(free) = fs4::available_space(folder).ok().filter(|free| *free >= needed) else { return false };
    // Commits go on meanwhile, and need space as well.
    let wanted = (needed + database.min(MAX_REWRITTEN)).min(free.saturating_sub(MARGIN)).max(needed);
    let is_reserved =
        allocate(&folder.join(LOG), log, MARKER) && allocate(&folder.join(DATABASE), database, wanted);
    if !is_reserved {
        release(folder);
    }
    is_reserved
}

/// Returns the bytes that a checkpoint holds in a folder.
pub(crate) fn held(folder: &Path) -> u64 {
    [DATABASE, LOG].iter().map(|name| reserved_bytes(&folder.join(name))).sum()
}

/// Releases what was reserved and not used. Nothing else may write to the database meanwhile.
pub(crate) fn release(folder: &Path) {
    for name in [DATABASE, LOG] {
        let path = folder.join(name);
        if reserved_bytes(&path) > 0
            && let Err(error) = File::options().write(true).open(&path).and_then(|file| {
                let length = file.metadata()?.len();
                file.set_len(length)
            })
        {
            tracing::warn!(file = %path.display(), %error, "disk space of a checkpoint is not released");
        }
    }
}

/// Allocates bytes from a position on, without a change of the file's length. Returns false if the
/// disk has too little space. A file system that cannot do it counts as having enough.
#[cfg(target_os = "linux")]
fn allocate(path: &Path, position: u64, bytes: u64) -> bool {
    use rustix::{
        fs::{FallocateFlags, fallocate},
        io::Errno,
    };

    let Ok(file) = File::options().write(true).open(path) else { return false };
    !matches!(
        fallocate(file, FallocateFlags::KEEP_SIZE, position, bytes),
        Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG)
    )
}

#[cfg(not(target_os = "linux"))]
fn allocate(_path: &Path, _position: u64, _bytes: u64) -> bool {
    true
}

/// Returns the bytes on the disk that a file has beyond its length.
#[cfg(target_os = "linux")]
fn reserved_bytes(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(path).map_or(0, |file| {
        (file.blocks() * 512).saturating_sub(file.len().next_multiple_of(file.blksize().max(1)))
    })
}

#[cfg(not(target_os = "linux"))]
fn reserved_bytes(_path: &Path) -> u64 {
    0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn space_is_reserved_beyond_the_end_and_released() {
        let folder = tempfile::tempdir().unwrap();
        let (database, log) = (folder.path().join(DATABASE), folder.path().join(LOG));
        fs::write(&database, vec![1; 100_000]).unwrap();
        assert!(reserve(folder.path()), "without a log nothing is needed");
        assert_eq!(reserved_bytes(&database), 0);
        fs::write(&log, vec![1; 50_000]).unwrap();
        assert!(reserve(folder.path()));
        assert_eq!(fs::metadata(&database).unwrap().len(), 100_000);
        assert_eq!(fs::metadata(&log).unwrap().len(), 50_000);
        assert!(reserved_bytes(&database) >= MARGIN, "{}", reserved_bytes(&database));
        release(folder.path());
        assert_eq!((reserved_bytes(&database), reserved_bytes(&log)), (0, 0));
        assert_eq!(fs::read(&database).unwrap(), vec![1; 100_000]);
    }
}
