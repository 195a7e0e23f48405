//! Mending of the write-ahead log: one wrong or missing byte is corrected. Another damaged entry is
//! left out if all others can be replayed without it. Otherwise the log is cut there.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::{
    checksum_code::{
        Correction, checksum, checksum_of_prefix, corrections, restore_removed, running, with_byte,
    },
    database_file::Layout,
    folder_state::FolderState,
    log_entry::{contents, entry_at, removable, selects_known_table},
    log_file::{ENTRY_HEAD, entry, headers, scan},
    quarantine::{QUARANTINE, free_name},
    report::RepairReport,
};
use crate::{
    StoreError,
    database::paths::{LOG, create_folder, file_error},
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
    if acknowledged > 0 && restore_iteration(&path, layout).map_err(|error| failed(&error))? {
        report.restored(name, "the number of its checkpoint was corrected");
    }
    for _ in 0..MAX_CORRECTIONS {
        let Some(found) = scan(&path, layout).map_err(|error| failed(&error))? else { return Ok(()) };
        let Some(position) = found.stopped else { return Ok(()) };
        let bytes = fs::read(&path).map_err(|error| failed(&error))?;
        let tail = bytes.get(usize::try_from(position).unwrap_or(usize::MAX)..).unwrap_or_default();
        let mended = mended(tail, position, layout).or_else(|| repeated(&bytes, position, layout));
        let Some(mended) = mended else {
            if leave_out(folder, name, &bytes, position, layout, report)? {
                continue;
            }
            return cut(folder, name, &bytes, found.committed, acknowledged, layout, report);
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

/// Restores the header of a log that is known to belong to the last checkpoint, and has the header
/// of another one. Returns whether it did.
fn restore_iteration(path: &Path, layout: &Layout) -> std::io::Result<bool> {
    let headers = headers(layout);
    let Some((right, others)) = headers.split_first() else { return Ok(false) };
    let mut start = vec![0; right.len()];
    match File::open(path).and_then(|mut log| log.read_exact(&mut start)) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => Ok(false),
        Err(error) => Err(error),
        Ok(()) if !others.contains(&start) => Ok(false),
        Ok(()) => write(path, 0, right, None).map(|()| true),
    }
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

/// Returns what is left of a log from a damaged entry on with this one corrected. Many corrections
/// explain a checksum. The right one leaves the next entry where it is valid.
fn mended_entry(bytes: &[u8]) -> Option<Vec<u8>> {
    let head: [u8; ENTRY_HEAD] = bytes.get(..ENTRY_HEAD)?.try_into().ok()?;
    let size = u64::from_le_bytes(head[..8].try_into().ok()?);
    let size = usize::try_from(size).ok().filter(|size| *size <= bytes.len());
    let changed = size.and_then(|size| changed_content(bytes, size)).filter(|mended| goes_on(mended));
    changed
        .or_else(|| changed_length(&head, bytes))
        .or_else(|| size.and_then(|size| removed_from_content(bytes, size)).filter(|mended| goes_on(mended)))
        .or_else(|| size.and_then(|size| removed_from_checksum(bytes, size)).filter(|mended| goes_on(mended)))
        .or_else(|| removed_from_length(bytes))
}

/// Returns whether another entry or the end of the log follows the first entry.
fn goes_on(bytes: &[u8]) -> bool {
    let end_of = |bytes: &[u8]| -> Option<usize> {
        let size = usize::try_from(number(bytes, 0)?).ok()?;
        let end = ENTRY_HEAD.checked_add(size)?;
        (checksum(bytes.get(ENTRY_HEAD..end)?) == number(bytes, 8)?).then_some(end)
    };
    let rest = end_of(bytes).and_then(|end| bytes.get(end..));
    rest.is_some_and(|rest| rest.is_empty() || end_of(rest).is_some())
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Returns what is left of a log from a damaged entry on, if another entry has the same content as
/// this one but for one byte. Entries that select a table are repeated often, and are too short to
/// be corrected by their checksum alone.
fn repeated(log: &[u8], position: u64, layout: &Layout) -> Option<Vec<u8>> {
    let header = headers(layout).into_iter().find(|header| log.starts_with(header))?;
    let tail = log.get(usize::try_from(position).ok()?..)?;
    let (content, end) = entry_at(tail, 0)?;
    let right = contents(log, header.len()).find(|other| {
        let is_same = *other == content;
        let differs = other.iter().zip(content).filter(|(left, right)| left != right).count();
        other.len() == content.len()
            && (is_same || (differs == 1 && Some(checksum(other)) == number(tail, 8)))
    })?;
    let mended = [&entry(right), tail.get(end..)?].concat();
    goes_on(&mended).then_some(mended)
}

/// Corrects a byte of the content of an entry, or of its checksum. Of several corrections the one
/// is right after which the entry selects a table that there is.
fn changed_content(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let content = bytes.get(ENTRY_HEAD..ENTRY_HEAD + size)?;
    let corrections = corrections(content, number(bytes, 8)?);
    let corrected = |correction: &Correction| {
        let mut mended = bytes.to_vec();
        match correction {
            Correction::Byte { position, value } => *mended.get_mut(ENTRY_HEAD + position)? = *value,
            Correction::Stored(right) => {
                mended.get_mut(8..ENTRY_HEAD)?.copy_from_slice(&right.to_le_bytes());
            }
        }
        Some(mended)
    };
    if let [only] = corrections.as_slice() {
        return corrected(only);
    }
    let mut right = corrections
        .iter()
        .filter_map(corrected)
        .filter(|mended| mended.get(ENTRY_HEAD..ENTRY_HEAD + size).is_some_and(selects_known_table));
    right.next().filter(|_| right.next().is_none())
}

/// Corrects a byte of the length of an entry.
fn changed_length(head: &[u8; ENTRY_HEAD], bytes: &[u8]) -> Option<Vec<u8>> {
    let (after, stored) = (bytes.get(ENTRY_HEAD..)?, number(head, 8)?);
    let sums = running(after);
    (0..8).find_map(|place| {
        (0..=u8::MAX).find_map(|value| {
            let mut length: [u8; 8] = head[..8].try_into().ok()?;
            length[place] = value;
            let size = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
            let is_right = size <= after.len() && checksum_of_prefix(after, &sums, size) == Some(stored);
            is_right.then(|| [&length, &bytes[8..]].concat())
        })
    })
}

/// Puts a byte back that was removed from the content of an entry.
fn removed_from_content(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let after = bytes.get(ENTRY_HEAD..)?;
    let content = restore_removed(after, size, number(bytes, 8)?)?;
    Some([&bytes[..ENTRY_HEAD], &content, after.get(size.checked_sub(1)?..)?].concat())
}

/// Puts a byte back that was removed from the checksum of an entry.
fn removed_from_checksum(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let after = bytes.get(ENTRY_HEAD - 1..)?;
    let stored = checksum(after.get(..size)?).to_le_bytes();
    let left = bytes.get(8..ENTRY_HEAD - 1)?;
    (0..8).any(|at| with_byte(left, at, stored[at]) == stored).then(|| [&bytes[..8], &stored, after].concat())
}

/// Puts a byte back that was removed from the length of an entry.
fn removed_from_length(bytes: &[u8]) -> Option<Vec<u8>> {
    let (left, after) = (bytes.get(..7)?, bytes.get(ENTRY_HEAD - 1..)?);
    let (stored, sums) = (number(bytes, 7)?, running(after));
    (0..8).find_map(|place| {
        (0..=u8::MAX).find_map(|value| {
            let length = with_byte(left, place, value);
            let size = u64::from_le_bytes(length.as_slice().try_into().ok()?);
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let is_right = size <= after.len() && checksum_of_prefix(after, &sums, size) == Some(stored);
            is_right.then(|| [&length, &bytes[7..]].concat())
        })
    })
}

/// Removes the damaged entry at a position from the log, if it can be left out. The log moves to
/// the quarantine as it was. Returns false if it cannot be.
fn leave_out(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    position: u64,
    layout: &Layout,
    report: &mut RepairReport,
) -> Result<bool, StoreError> {
    let Some(header) = headers(layout).into_iter().find(|header| bytes.starts_with(header)) else {
        return Ok(false);
    };
    let start = usize::try_from(position).unwrap_or(usize::MAX);
    let Some(found) = removable(bytes, header.len(), start) else { return Ok(false) };
    let rest = bytes.get(found.end..).unwrap_or_default();
    let kept = save(folder, name, bytes);
    let length = position + rest.len() as u64;
    let path = folder.join(name);
    write(&path, position, rest, Some(length)).map_err(|error| file_error(&path, &error))?;
    expect_length(folder, name, layout, length)?;
    let action = format!("its damaged entry at byte {position} was left out; the log of before {kept}");
    report.lost(name, &action, &found.lost);
    Ok(true)
}

/// Cuts the log after its last transaction before the damage. The rest moves to the quarantine if
/// the disk has space for it.
fn cut(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    committed: u64,
    acknowledged: u64,
    layout: &Layout,
    report: &mut RepairReport,
) -> Result<(), StoreError> {
    let path = folder.join(name);
    let tail = bytes.get(usize::try_from(committed).unwrap_or_default()..).unwrap_or_default();
    let kept = save(folder, &format!("{name}.from-byte-{committed}"), tail);
    write(&path, committed, &[], Some(committed)).map_err(|error| file_error(&path, &error))?;
    expect_length(folder, name, layout, committed)?;
    let length = acknowledged.max(bytes.len() as u64);
    report.lost(
        name,
        &format!("it was damaged and cut at byte {committed}; the rest {kept}"),
        &format!("the newest records, {} bytes of the log", length - committed.min(length)),
    );
    Ok(())
}

/// Saves bytes in the quarantine if the disk has space for them. Returns what became of them.
fn save(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let target = free_name(&folder.join(QUARANTINE), name);
    if create_folder(&folder.join(QUARANTINE)).is_ok() && fs::write(&target, bytes).is_ok() {
        return format!("is {}", target.display());
    }
    let _ = fs::remove_file(&target);
    "was dropped, because the disk has no space for it".to_owned()
}

/// Records that the log is shorter now, so that no start takes it for cut.
fn expect_length(folder: &Path, name: &str, layout: &Layout, length: u64) -> Result<(), StoreError> {
    match FolderState::read(folder).filter(|state| name == LOG && state.log_bytes_of(layout).is_some()) {
        Some(state) => FolderState { log_bytes: length, ..state }.write(folder),
        None => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::log_file::COMMIT;

    /// Returns a log of commits that insert rows into a table.
    fn log(layout: &Layout) -> Vec<u8> {
        let mut log = headers(layout).remove(0);
        for commit in 0..6_u64 {
            let table =
                [&[100, 0, 25, 101, 0, 4][..], b"main", &[102, 0, 4], b"logs", &[0xff, 0xff]].concat();
            log.extend(entry(&table));
            let noise = (0..20 + commit)
                .flat_map(|n| (xxhash_rust::xxh3::xxh3_64(&(n * commit).to_le_bytes())).to_le_bytes());
            let rows = [
                &[100, 0, 26, 101, 0, 100, 0, 1][..],
                &noise.skip(commit as usize % 8).collect::<Vec<_>>(),
                &[0xff, 0xff],
            ]
            .concat();
            log.extend(entry(&rows));
            log.extend(entry(&COMMIT));
        }
        log
    }

    #[test]
    fn every_changed_byte_of_an_entry_that_selects_a_table_once_is_corrected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOG);
        let layout = Layout { identifier: [7; 16], iteration: 3, block: 65_536, blocks: 4 };
        for table in ["logs", "samples_12", "segment_services"] {
            let length = table.len() as u8;
            let header = headers(&layout).remove(0);
            let select =
                [&[100, 0, 25, 101, 0, 4][..], b"main", &[102, 0, length], table.as_bytes()].concat();
            let select = entry(&[&select[..], &[0xff, 0xff]].concat());
            let rows = entry(&[&[100, 0, 26, 101, 0, 100, 0, 1][..], &[9; 40], &[0xff, 0xff]].concat());
            let whole = [&header[..], &select, &rows, &entry(&COMMIT)].concat();
            for position in header.len()..header.len() + select.len() {
                for change in [1, 0x20, 0x80, 145] {
                    let mut damaged = whole.clone();
                    damaged[position] ^= change;
                    fs::write(&path, &damaged).unwrap();
                    let mut report = RepairReport::default();
                    mend(folder.path(), LOG, &layout, whole.len() as u64, &mut report).unwrap();
                    assert!(fs::read(&path).unwrap() == whole, "{table} {position} {change}: {report:?}");
                }
            }
        }
    }

    #[test]
    fn a_changed_or_removed_byte_is_corrected_or_its_entry_is_lost_and_nothing_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOG);
        let layout = Layout { identifier: [7; 16], iteration: 3, block: 65_536, blocks: 4 };
        let whole = log(&layout);
        let (mut left_out, mut tried) = (0, 0);
        for position in (0..whole.len()).step_by(17) {
            for change in [Some(1), Some(0x80), None] {
                let mut damaged = whole.clone();
                match change {
                    Some(change) => damaged[position] ^= change,
                    None => drop(damaged.remove(position)),
                }
                fs::write(&path, &damaged).unwrap();
                let mut report = RepairReport::default();
                mend(folder.path(), LOG, &layout, whole.len() as u64, &mut report).unwrap();
                let mended = fs::read(&path).unwrap();
                tried += 1;
                if report.has_loss() {
                    left_out += 1;
                    let is_cut = whole.starts_with(&mended);
                    let start = whole.iter().zip(&mended).take_while(|(left, right)| left == right).count();
                    let is_left_out = (0..=start).any(|at| {
                        let rest = whole.len() - (mended.len() - at);
                        mended[..at] == whole[..at] && mended[at..] == whole[rest..]
                    });
                    assert!(is_cut || is_left_out, "{position} {change:?}");
                } else {
                    assert!(mended == whole, "{position} {change:?}: {report:?}");
                }
            }
        }
        assert!(left_out > 0 && left_out * 3 < tried, "{left_out} of {tried}");
        fs::remove_dir_all(folder.path().join(QUARANTINE)).unwrap();
    }
}
