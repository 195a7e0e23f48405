//! The database file as sections with checksums: three headers and the blocks.
//!
//! Source: `src/storage/single_file_block_manager.cpp` of DuckDB 1.5.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use super::checksum_code::checksum;
use crate::{StoreError, database::paths::file_error};

/// Length of a header. The length of a block is a multiple of it.
pub(crate) const HEADER: u64 = 4096;
/// Number of headers: that of the file and two of the database, used in turns.
pub(crate) const HEADERS: u64 = 3;
/// Bytes of the checksum at the beginning of a section.
pub(crate) const CHECKSUM: usize = 8;
/// Lengths of blocks that are accepted.
const BLOCKS: [u64; 5] = [16_384, 32_768, 65_536, 131_072, 262_144];
/// Position and length of the identifier of the database in the first header.
const IDENTIFIER: std::ops::Range<usize> = 124..140;

/// What the valid headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The random identifier of the database.
    pub(crate) identifier: [u8; 16],
    /// The number of checkpoints.
    pub(crate) iteration: u64,
    /// The length of a block.
    pub(crate) block: u64,
    /// The number of blocks.
    pub(crate) blocks: u64,
}

impl Layout {
    /// Returns the length of the file.
    pub(crate) fn length(&self) -> u64 {
        self.section(HEADERS + self.blocks).0
    }

    /// Returns position and length of a section: a header, or a block after them.
    pub(crate) fn section(&self, number: u64) -> (u64, u64) {
        match number.checked_sub(HEADERS) {
            None => (number * HEADER, HEADER),
            Some(block) => (HEADERS * HEADER + block.saturating_mul(self.block), self.block),
        }
    }
}

/// Returns the layout by the headers, of which each that is valid counts. Returns none if the first
/// one or both others are damaged.
pub(crate) fn layout(headers: &[Vec<u8>]) -> Option<Layout> {
    let [file, databases @ ..] = headers else { return None };
    let number = |header: &[u8], position: usize| {
        Some(u64::from_le_bytes(header.get(position..position + 8)?.try_into().ok()?))
    };
    if !is_valid(file) || file.get(CHECKSUM..CHECKSUM + 4) != Some(b"DUCK") {
        return None;
    }
    let newest = databases.iter().filter(|header| is_valid(header)).max_by_key(|header| number(header, 8))?;
    let block = number(newest, 40)?;
    if !BLOCKS.contains(&block) {
        return None;
    }
    Some(Layout {
        identifier: file.get(IDENTIFIER)?.try_into().ok()?,
        iteration: number(newest, 8)?,
        block,
        blocks: number(newest, 32)?,
    })
}

/// Reads the layout of a database file. Returns none if it has no valid headers.
pub(crate) fn read_layout(path: &Path) -> Option<Layout> {
    let mut file = File::open(path).ok()?;
    let headers: Vec<Vec<u8>> =
        (0..HEADERS).map(|number| read_at(&mut file, number * HEADER, HEADER)).collect::<Option<_>>()?;
    // A header is damaged: the file is not what the others say.
    headers.iter().all(|header| is_valid(header)).then(|| layout(&headers))?
}

/// Returns whether a section has the checksum that it begins with.
pub(crate) fn is_valid(section: &[u8]) -> bool {
    section
        .split_first_chunk::<CHECKSUM>()
        .is_some_and(|(stored, data)| checksum(data) == u64::from_le_bytes(*stored))
}

/// Reads bytes at a position. Returns none if the file is shorter.
pub(crate) fn read_at(file: &mut File, position: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    file.seek(SeekFrom::Start(position)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// Opens a file and returns it with its length.
pub(crate) fn open_for_repair(path: &Path) -> Result<(File, u64), StoreError> {
    let opened = File::options().read(true).write(true).open(path).and_then(|file| {
        let length = file.metadata()?.len();
        Ok((file, length))
    });
    opened.map_err(|error| file_error(path, &error))
}
