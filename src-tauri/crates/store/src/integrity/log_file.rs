//! The write-ahead log of the database as entries with checksums.
//!
//! A header without checksum is followed by entries: length, checksum and content. An entry that
//! marks a commit ends each transaction. Source: `src/storage/write_ahead_log.cpp` of DuckDB 1.5.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use super::{checksum_code::checksum, database_file::Layout};

/// Length and checksum before each entry.
pub(crate) const ENTRY_HEAD: usize = 16;
/// The content of the entry that marks a commit.
pub(crate) const COMMIT: [u8; 5] = [100, 0, 100, 0xff, 0xff];

/// What a log consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogScan {
    /// The end of the last transaction before anything else than entries, in bytes.
    pub(crate) committed: u64,
    /// The start of what is no complete entry. None if the log is whole.
    pub(crate) stopped: Option<u64>,
    /// Set if bytes follow what is no complete entry, or it has a wrong checksum.
    pub(crate) is_damaged: bool,
}

/// Returns the headers that a log of the database may have, by the number of its checkpoints.
pub(crate) fn headers(layout: &Layout) -> Vec<Vec<u8>> {
    let mut headers: Vec<Vec<u8>> =
        [layout.iteration, layout.iteration.wrapping_sub(1), layout.iteration + 1]
            .into_iter()
            .map(|iteration| {
                let mut header = vec![100, 0, 98, 101, 0, 2, 102, 0, 16];
                layout.identifier.iter().for_each(|byte| push_number(&mut header, u64::from(*byte)));
                header.extend([103, 0]);
                push_number(&mut header, iteration);
                header.extend([0xff, 0xff]);
                header
            })
            .collect();
    headers.push(vec![100, 0, 98, 101, 0, 2, 0xff, 0xff]);
    headers
}

/// Returns an entry with a content.
pub(crate) fn entry(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u64).to_le_bytes()[..], &checksum(content).to_le_bytes(), content].concat()
}

/// Appends a number in groups of seven bits, the lowest first.
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Scans a log, entry by entry. Returns none if there is none.
pub(crate) fn scan(path: &Path, layout: &Layout) -> io::Result<Option<LogScan>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(None);
    }
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut start = [0; 64];
    let read = read_up_to(&mut reader, &mut start)?;
    let start = start.get(..read).unwrap_or_default();
    let Some(header) = headers(layout).into_iter().find(|header| start.starts_with(header)) else {
        return Ok(Some(LogScan { committed: 0, stopped: Some(0), is_damaged: true }));
    };
    let mut position = header.len() as u64;
    io::Seek::seek(&mut reader, io::SeekFrom::Start(position))?;
    let mut scan = LogScan { committed: position, stopped: None, is_damaged: false };
    let mut content = Vec::new();
    while position < length {
        let mut head = [0; ENTRY_HEAD];
        let left = length - position;
        if left < ENTRY_HEAD as u64 {
            scan.stopped = Some(position);
            break;
        }
        reader.read_exact(&mut head)?;
        let (size, stored) = head.split_at(8);
        let size = u64::from_le_bytes(size.try_into().unwrap_or_default());
        let stored = u64::from_le_bytes(stored.try_into().unwrap_or_default());
        if size > left - ENTRY_HEAD as u64 {
            // A commit that was interrupted ends like this, and so does a damaged length.
            scan.stopped = Some(position);
            break;
        }
        content.resize(usize::try_from(size).unwrap_or_default(), 0);
        reader.read_exact(&mut content)?;
        if checksum(&content) != stored {
            (scan.stopped, scan.is_damaged) = (Some(position), true);
            break;
        }
        position += ENTRY_HEAD as u64 + size;
        if content == COMMIT {
            scan.committed = position;
        }
    }
    Ok(Some(scan))
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest)? {
            0 => break,
            bytes => read += bytes,
        }
    }
    Ok(read)
}
