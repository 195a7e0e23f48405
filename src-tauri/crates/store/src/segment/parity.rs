//! Parity of segment files: checksums of their blocks and one block of parity, in a file of its
//! own.
//!
//! One damaged block of a segment, or one removed byte, is restored from all others. Of other
//! damage the checksums show which parts are intact.

use std::{
    fs::{self, File},
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::{
    StoreError,
    database::paths::{PARITY, create_folder, file_error},
};

/// The first bytes of the file: its format.
const FORMAT: &[u8; 8] = b"BINPARI1";
/// The ending of its name.
const ENDING: &str = "parity";
/// Length of the checksum at its end.
const CHECKSUM: usize = 16;
/// The shortest block in bytes.
const MIN_BLOCK: usize = 256;
/// The last bytes of a Parquet file: the length of its footer and this mark.
const MARK: &[u8; 4] = b"PAR1";

/// The parity of a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parity {
    /// Length of the segment file.
    length: usize,
    /// Length of a block.
    block: usize,
    /// XXH3-64 of each block.
    checksums: Vec<u64>,
    /// The XOR of all blocks.
    sum: Vec<u8>,
    /// The Parquet metadata at the end of the segment file, with their length and mark.
    footer: Vec<u8>,
}

/// Returns the path of the parity of a segment file.
pub(crate) fn parity_path(segment: &Path) -> PathBuf {
    let folder = segment.parent().and_then(Path::parent).unwrap_or(segment).join(PARITY);
    folder.join(segment.with_extension(ENDING).file_name().unwrap_or_default())
}

/// Writes the parity of a segment file, if it has none. What cannot be written is written later.
pub(crate) fn write(segment: &Path) {
    if let Err(error) = try_write(segment) {
        tracing::warn!(file = %segment.display(), %error, "parity of the segment is not written, trying again");
    }
}

fn try_write(segment: &Path) -> Result<(), StoreError> {
    let path = parity_path(segment);
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let bytes = fs::read(segment).map_err(|error| file_error(segment, &error))?;
    runtime::replace_private_file_unsynced(&path, &Parity::of(&bytes).encode())
        .map_err(|error| file_error(&path, &error))
}

/// Deletes the parity of segments that no longer exist. `is_named` accepts the path of a parity.
pub(crate) fn sweep(segments: &Path, is_named: impl Fn(&Path) -> bool) -> Result<(), StoreError> {
    let folder = segments.parent().unwrap_or(segments).join(PARITY);
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(()) };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| !is_named(path)) {
        fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
    }
    Ok(())
}

impl Parity {
    /// Computes the parity of the content of a segment file.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        // The parity block and the checksums together are shortest like this.
        let block = (bytes.len() * 8).isqrt().next_power_of_two().max(MIN_BLOCK);
        let mut sum = vec![0; block];
        let mut checksums = Vec::new();
        for one in bytes.chunks(block) {
            checksums.push(xxh3_64(one));
            add(&mut sum, one);
        }
        let footer = footer_length(bytes).and_then(|length| bytes.get(bytes.len() - length..));
        Self { length: bytes.len(), block, checksums, sum, footer: footer.unwrap_or_default().to_vec() }
    }

    /// Reads the parity of a segment file. Returns none if there is none or it is damaged.
    pub(crate) fn read(segment: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        File::open(parity_path(segment)).and_then(|mut file| file.read_to_end(&mut bytes)).ok()?;
        let (content, stored) = bytes.split_last_chunk::<CHECKSUM>()?;
        if xxh3_128(content).to_le_bytes() != *stored {
            return None;
        }
        let content = content.strip_prefix(FORMAT)?;
        let number = |at: usize| {
            let number = content.get(at * 8..at * 8 + 8)?;
            usize::try_from(u64::from_le_bytes(number.try_into().ok()?)).ok()
        };
        let (length, block, footer) = (number(0)?, number(1)?, number(2)?);
        let blocks = length.div_ceil(block.max(1));
        let (checksums, rest) = content.get(24..)?.split_at_checked(blocks * 8)?;
        let (sum, rest) = rest.split_at_checked(block)?;
        let (checksums, _) = checksums.as_chunks::<8>();
        (rest.len() == footer).then(|| Self {
            length,
            block,
            checksums: checksums.iter().map(|one| u64::from_le_bytes(*one)).collect(),
            sum: sum.to_vec(),
            footer: rest.to_vec(),
        })
    }

    /// Returns the content of the parity file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = FORMAT.to_vec();
        for number in [self.length, self.block, self.footer.len()] {
            bytes.extend((number as u64).to_le_bytes());
        }
        bytes.extend(self.checksums.iter().flat_map(|one| one.to_le_bytes()));
        bytes.extend(&self.sum);
        bytes.extend(&self.footer);
        bytes.extend(xxh3_128(&bytes).to_le_bytes());
        bytes
    }

    /// Returns the Parquet metadata of the segment file, without their length and mark.
    pub(crate) fn footer(&self) -> &[u8] {
        self.footer.get(..self.footer.len().saturating_sub(8)).unwrap_or_default()
    }

    /// Restores the content of the segment file from what is left of it. Returns none if more than
    /// one block is damaged. Bytes may be missing at one position.
    pub(crate) fn restore(&self, left: &[u8]) -> Option<Vec<u8>> {
        let missing_bytes = self.length.saturating_sub(left.len());
        let mut restored = vec![0; self.length];
        let mut sum = self.sum.clone();
        let mut damaged = None;
        for (index, range) in self.blocks().enumerate() {
            let moved = range.start.checked_sub(missing_bytes);
            let positions = [Some(range.start), moved.filter(|_| missing_bytes > 0)];
            let found = positions.into_iter().flatten().find_map(|start| {
                let block = left.get(start..start + range.len())?;
                (Some(&xxh3_64(block)) == self.checksums.get(index)).then_some(block)
            });
            if let Some(block) = found {
                add(&mut sum, block);
                restored.get_mut(range)?.copy_from_slice(block);
            } else if damaged.replace((index, range)).is_some() {
                return None;
            }
        }
        if let Some((index, range)) = damaged {
            let block = sum.get(..range.len())?;
            if Some(&xxh3_64(block)) != self.checksums.get(index) {
                return None;
            }
            restored.get_mut(range)?.copy_from_slice(block);
        }
        Some(restored)
    }

    /// Returns whether all blocks that hold a range are unchanged in what is left of the file.
    pub(crate) fn is_intact(&self, left: &[u8], range: &Range<usize>) -> bool {
        self.blocks()
            .zip(&self.checksums)
            .filter(|(block, _)| block.start < range.end && range.start < block.end)
            .all(|(block, checksum)| left.get(block).is_some_and(|block| xxh3_64(block) == *checksum))
    }

    fn blocks(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.length).step_by(self.block).map(|start| start..(start + self.block).min(self.length))
    }
}

/// Adds a block to the sum of others.
fn add(sum: &mut [u8], block: &[u8]) {
    sum.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
}

/// Returns the length of the footer of a Parquet file, with its length and mark.
fn footer_length(bytes: &[u8]) -> Option<usize> {
    let (rest, mark) = bytes.split_last_chunk::<4>()?;
    let (_, length) = rest.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?.checked_add(8)?;
    (mark == MARK && length <= bytes.len()).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        (0..length as u64).map(|n| (xxh3_64(&n.to_le_bytes()) >> 40) as u8).collect()
    }

    #[test]
    fn one_damaged_block_and_one_removed_byte_are_restored_wherever_they_are() {
        for length in [0, 1, 255, 256, 257, 5000, 70_001] {
            let whole = noise(length);
            let parity = Parity::of(&whole);
            assert_eq!(parity.restore(&whole).as_ref(), Some(&whole));
            for position in (0..length).step_by(length / 97 + 1) {
                let mut left = whole.clone();
                left[position] ^= 0x80;
                assert_eq!(parity.restore(&left).as_ref(), Some(&whole), "{length} {position}");
                let block = position / parity.block * parity.block;
                assert!(!parity.is_intact(&left, &(position..position + 1)));
                assert!(block == 0 || parity.is_intact(&left, &(0..block)));
                left.remove(position);
                assert_eq!(parity.restore(&left).as_ref(), Some(&whole), "{length} {position}");
            }
        }
    }

    #[test]
    fn more_damage_is_not_restored_to_something_else() {
        let whole = noise(9000);
        let parity = Parity::of(&whole);
        let mut left = whole.clone();
        left[10] ^= 1;
        left[8000] ^= 1;
        assert_eq!(parity.restore(&left), None);
        assert_eq!(parity.restore(&whole[..3000]), None);
        assert_eq!(parity.restore(&whole[..8990]), Some(whole.clone()));
        assert_eq!(parity.restore(&[whole.clone(), vec![1; 50]].concat()), Some(whole));
    }

    #[test]
    fn a_damaged_parity_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let segment = folder.path().join("segments").join("samples-00000001.parquet");
        fs::create_dir(segment.parent().unwrap()).unwrap();
        let whole = [noise(3000), vec![7, 7, 2, 0, 0, 0], MARK.to_vec()].concat();
        fs::write(&segment, &whole).unwrap();
        try_write(&segment).unwrap();
        assert_eq!(Parity::read(&segment), Some(Parity::of(&whole)));
        assert_eq!(Parity::of(&whole).footer(), [7, 7]);
        let path = parity_path(&segment);
        let stored = fs::read(&path).unwrap();
        for position in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[position] ^= 4;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(Parity::read(&segment), None, "{position}");
            fs::write(&path, &stored[..position]).unwrap();
            assert_eq!(Parity::read(&segment), None, "{position}");
        }
        sweep(segment.parent().unwrap(), |_| false).unwrap();
        assert!(!path.exists());
    }
}
