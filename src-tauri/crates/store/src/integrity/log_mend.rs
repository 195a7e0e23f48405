//! Mending of the write-ahead log: one wrong or missing byte is corrected, and from other damage on
//! the log is cut.
//!
//! Entries after a damaged one cannot be replayed without it: they name rows by their position.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::{
    checksum_code::{Correction, checksum, checksum_of_prefix, correct, restore_removed, running, with_byte},
    database_file::Layout,
    log_file::{ENTRY_HEAD, headers, scan},
    quarantine::{QUARANTINE, free_name},
    report::RepairReport,
};
use crate::{
    StoreError,
    database::paths::{create_folder, file_error},
};

/// Damages that are corrected before the log is cut.
const MAX_CORRECTIONS: usize = 8;

/// Mends a log of a folder whose database has a layout.
///
/// `acknowledged` is the length that the log is known to have had, for the report.
pub(crate) fn mend(
    folder: &Path,
    name: &str,
    layout: &Layout,
    acknowledged: u64,
    report: &mut RepairReport,
) -> Result<(), StoreError> {
    let path = folder.join(name);
    let failed = |error: &std::io::Error| file_error(&path, error);
    for _ in 0..MAX_CORRECTIONS {
        let Some(found) = scan(&path, layout).map_err(|error| failed(&error))? else { return Ok(()) };
        let Some(position) = found.stopped else { return Ok(()) };
        let bytes = fs::read(&path).map_err(|error| failed(&error))?;
        let tail = bytes.get(usize::try_from(position).unwrap_or(usize::MAX)..).unwrap_or_default();
        let Some(mended) = mended(tail, position, layout) else {
            return cut(folder, name, &bytes, found.committed, acknowledged.max(bytes.len() as u64), report);
        };
        let first = tail.iter().zip(&mended).take_while(|(left, right)| left == right).count();
        let rest = mended.get(first..).unwrap_or_default();
        // Without a byte more or less only the damaged one differs.
        let rest = if mended.len() == tail.len() {
            rest.get(..rest.len().min(ENTRY_HEAD)).unwrap_or_default()
        } else {
            rest
        };
        let place = position + first as u64;
        write(&path, place, rest, None).map_err(|error| failed(&error))?;
        report.restored(name, &format!("the byte at position {place} was corrected by its checksum"));
    }
    Ok(())
}

/// Returns whether what ends a log is damage that can be corrected, and no interrupted commit.
pub(crate) fn is_mendable(log: &Path, layout: &Layout) -> Result<bool, StoreError> {
    let failed = |error: &std::io::Error| file_error(log, error);
    let Some(found) = scan(log, layout).map_err(|error| failed(&error))? else { return Ok(false) };
    let Some(position) = found.stopped else { return Ok(false) };
    let mut tail = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(position))?;
        file.read_to_end(&mut tail)
    });
    read.map_err(|error| failed(&error))?;
    Ok(mended(&tail, position, layout).is_some())
}

/// Returns what is left of a log from a position on with the damage there corrected.
fn mended(tail: &[u8], position: u64, layout: &Layout) -> Option<Vec<u8>> {
    if position == 0 { mended_header(tail, layout) } else { mended_entry(tail) }
}

/// Returns what is left of a log from its start on with the right header, if one byte of the header
/// was changed or removed.
fn mended_header(bytes: &[u8], layout: &Layout) -> Option<Vec<u8>> {
    headers(layout).into_iter().find_map(|header| {
        let start = bytes.get(..header.len())?;
        let differing = start.iter().zip(&header).filter(|(left, right)| left != right).count();
        if differing == 1 {
            return Some([&header, bytes.get(header.len()..)?].concat());
        }
        let left = bytes.get(..header.len() - 1)?;
        let is_removed =
            (0..header.len()).any(|at| with_byte(left, at, *header.get(at).unwrap_or(&0)) == header);
        is_removed.then(|| [&header, bytes.get(header.len() - 1..).unwrap_or_default()].concat())
    })
}

/// Returns what is left of a log from a damaged entry on with this one corrected.
fn mended_entry(bytes: &[u8]) -> Option<Vec<u8>> {
    let head: [u8; ENTRY_HEAD] = bytes.get(..ENTRY_HEAD)?.try_into().ok()?;
    let size = u64::from_le_bytes(head[..8].try_into().ok()?);
    let stored = u64::from_le_bytes(head[8..].try_into().ok()?);
    let after = &bytes[ENTRY_HEAD..];
    let size = usize::try_from(size).ok().filter(|size| *size <= bytes.len());
    if let Some(content) = size.and_then(|size| after.get(..size)) {
        match correct(content, stored) {
            Some(Correction::Byte { position, value }) => {
                let mut mended = bytes.to_vec();
                mended[ENTRY_HEAD + position] = value;
                return Some(mended);
            }
            Some(Correction::Stored(right)) => {
                return Some([&head[..8], &right.to_le_bytes(), after].concat());
            }
            None => {}
        }
    }
    // The length is wrong.
    let sums = running(after);
    for place in 0..8 {
        for value in 0..=u8::MAX {
            let mut length: [u8; 8] = head[..8].try_into().ok()?;
            length[place] = value;
            let size = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
            if size <= after.len() && checksum_of_prefix(after, &sums, size) == Some(stored) {
                return Some([&length, &bytes[8..]].concat());
            }
        }
    }
    removed_from_entry(bytes, size)
}

/// Returns what is left of a log from an entry on of which one byte was removed.
fn removed_from_entry(bytes: &[u8], size: Option<usize>) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    if let Some(size) = size.filter(|size| *size > 0) {
        let after = bytes.get(ENTRY_HEAD..)?;
        if let Some(content) = restore_removed(after, size, number(8)?) {
            return Some([&bytes[..ENTRY_HEAD], &content, after.get(size - 1..)?].concat());
        }
        // The byte is missing in the checksum.
        let after = bytes.get(ENTRY_HEAD - 1..)?;
        if let Some(content) = after.get(..size) {
            let stored = checksum(content).to_le_bytes();
            let left = bytes.get(8..15)?;
            if (0..8).any(|at| with_byte(left, at, stored[at]) == stored) {
                return Some([&bytes[..8], &stored, after].concat());
            }
        }
    }
    // It is missing in the length.
    let (left, after) = (bytes.get(..7)?, bytes.get(15..)?);
    let (stored, sums) = (number(7)?, running(after));
    for place in 0..8 {
        for value in 0..=u8::MAX {
            let length = with_byte(left, place, value);
            let size = u64::from_le_bytes(length.as_slice().try_into().ok()?);
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size <= after.len() && checksum_of_prefix(after, &sums, size) == Some(stored) {
                return Some([&length, &bytes[7..]].concat());
            }
        }
    }
    None
}

/// Cuts the log after its last transaction before the damage. The rest moves to the quarantine if
/// the disk has space for it.
fn cut(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    committed: u64,
    length: u64,
    report: &mut RepairReport,
) -> Result<(), StoreError> {
    let path = folder.join(name);
    let tail = bytes.get(usize::try_from(committed).unwrap_or_default()..).unwrap_or_default();
    let target = free_name(&folder.join(QUARANTINE), &format!("{name}.from-byte-{committed}"));
    let kept = create_folder(&folder.join(QUARANTINE)).is_ok() && fs::write(&target, tail).is_ok();
    if !kept {
        let _ = fs::remove_file(&target);
    }
    write(&path, committed, &[], Some(committed)).map_err(|error| file_error(&path, &error))?;
    let place = if kept {
        format!("the rest was moved to {}", target.display())
    } else {
        "the rest was dropped, because the disk has no space for it".to_owned()
    };
    report.lost(
        name,
        &format!("it was damaged and cut at byte {committed}; {place}"),
        &format!("the newest records, {} bytes of the log", length - committed.min(length)),
    );
    Ok(())
}

fn write(path: &Path, position: u64, bytes: &[u8], length: Option<u64>) -> std::io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(position))?;
    file.write_all(bytes)?;
    if let Some(length) = length {
        file.set_len(length)?;
    }
    file.sync_all()
}
