//! Mending of the database file: sections whose checksum shows damage are restored.
//!
//! Headers and metadata come from their copy. Of other sections one changed or removed byte is
//! corrected by the checksum. What cannot be restored stays as it is, and reads of it fail.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use super::{
    checksum_code::{Correction, correct, restore_removed},
    database_file::{CHECKSUM, HEADER, HEADERS, Layout, is_valid, layout, open_for_repair, read_at},
    metadata_copy::MetadataCopy,
    quarantine::quarantine,
    report::RepairReport,
};
use crate::{
    StoreError,
    database::paths::{DATABASE, file_error, sync_folder},
};

/// The file with a removed byte restored, until it is complete.
pub(crate) const MENDED: &str = "binnacle.duckdb.mended";

/// Mends the database file of a folder as far as its sections can be restored. Returns whether it
/// was shorter than its headers say, in words.
///
/// A short file alone is no damage: a checkpoint gives free blocks at the end back after it has
/// written the headers.
pub(crate) fn mend(folder: &Path, report: &mut RepairReport) -> Result<Option<String>, StoreError> {
    let path = folder.join(DATABASE);
    let copy = MetadataCopy::read(folder);
    let (mut file, mut length) = open_for_repair(&path)?;
    if length % HEADER == HEADER - 1
        && let Some(position) = insert_removed(&mut file, folder, copy.as_ref())?
    {
        report.restored(DATABASE, &format!("a removed byte before position {position} was put back"));
        drop(file);
        (file, length) = open_for_repair(&path)?;
    }
    let mut mender = Mender { file, path: &path, copy: copy.as_ref(), report };
    let Some(layout) = mender.headers()? else { return Ok(None) };
    mender.blocks(layout, length)?;
    let expected = layout.length();
    Ok((length < expected).then(|| format!("the file was cut at byte {length} of {expected}")))
}

struct Mender<'repair> {
    file: File,
    path: &'repair Path,
    copy: Option<&'repair MetadataCopy>,
    report: &'repair mut RepairReport,
}

impl Mender<'_> {
    /// Mends the headers. Returns the layout that they describe, or none if they cannot be mended.
    fn headers(&mut self) -> Result<Option<Layout>, StoreError> {
        let mut headers = Vec::new();
        for number in 0..HEADERS {
            let section = read_at(&mut self.file, number * HEADER, HEADER).unwrap_or_default();
            headers.push(self.corrected(number, section)?);
        }
        let are_valid = headers.iter().all(|header| is_valid(header));
        let found = layout(&headers);
        let Some(copy) = self.copy else { return Ok(found.filter(|_| are_valid)) };
        // A header is damaged beyond correction: those of the copy are right if no checkpoint
        // followed. A file without any valid header is not this database.
        let is_ours = headers.iter().any(|header| is_valid(header));
        if is_ours && !are_valid && found.is_none_or(|found| found.iteration <= copy.layout.iteration) {
            for number in 0..HEADERS {
                if let Some(section) = copy.sections.get(&number) {
                    self.write(number * HEADER, section)?;
                }
            }
            self.report.restored(DATABASE, "the headers were restored from their copy");
            return Ok(Some(copy.layout));
        }
        Ok(found.filter(|_| are_valid))
    }

    /// Mends the blocks. A file that is too short gets its length back, without the content.
    fn blocks(&mut self, layout: Layout, length: u64) -> Result<(), StoreError> {
        if length < layout.length() {
            self.file.set_len(layout.length()).map_err(|error| file_error(self.path, &error))?;
        }
        let copy = self.copy.filter(|copy| copy.layout.iteration == layout.iteration);
        for number in HEADERS..HEADERS + layout.blocks {
            let (position, length) = layout.section(number);
            let section = read_at(&mut self.file, position, length).unwrap_or_default();
            if is_valid(&section) {
                continue;
            }
            match copy.and_then(|copy| copy.sections.get(&number)) {
                Some(section) => {
                    self.write(position, section)?;
                    self.report.restored(
                        DATABASE,
                        &format!("metadata at byte {position} were restored from their copy"),
                    );
                }
                None => {
                    self.corrected(number, section).map(drop)?;
                }
            }
        }
        self.file.sync_all().map_err(|error| file_error(self.path, &error))
    }

    /// Returns a section, corrected in the file too if one byte of it is wrong.
    fn corrected(&mut self, number: u64, mut section: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let Some((stored, data)) = section.split_first_chunk::<CHECKSUM>() else { return Ok(section) };
        if is_valid(&section) || section.iter().all(|byte| *byte == 0) {
            return Ok(section);
        }
        let Some(correction) = correct(data, u64::from_le_bytes(*stored)) else { return Ok(section) };
        let start = match number.checked_sub(HEADERS) {
            None => number * HEADER,
            Some(block) => HEADERS * HEADER + block * section.len() as u64,
        };
        let position = match correction {
            Correction::Byte { position, value } => {
                section[CHECKSUM + position] = value;
                CHECKSUM + position
            }
            Correction::Stored(right) => {
                section[..CHECKSUM].copy_from_slice(&right.to_le_bytes());
                0
            }
        };
        self.write(start, &section)?;
        let position = start + position as u64;
        self.report
            .restored(DATABASE, &format!("the byte at position {position} was corrected by its checksum"));
        Ok(section)
    }

    fn write(&mut self, position: u64, section: &[u8]) -> Result<(), StoreError> {
        let written = self.file.seek(SeekFrom::Start(position)).and_then(|_| self.file.write_all(section));
        written.map_err(|error| file_error(self.path, &error))
    }
}

/// Puts a removed byte back, in a new file that replaces the old one. Returns the position after
/// it, or none if it was not found.
fn insert_removed(
    file: &mut File,
    folder: &Path,
    copy: Option<&MetadataCopy>,
) -> Result<Option<u64>, StoreError> {
    let mut headers = Vec::new();
    let mut known = copy.map(|copy| copy.layout);
    let mut number = 0;
    let (start, restored) = loop {
        if let Some(known) = known.filter(|known| number == HEADERS + known.blocks) {
            // It is missing in blocks at the end that are in no use.
            break (known.length() - 1, vec![0]);
        }
        let (position, length) = match known {
            Some(known) => known.section(number),
            None if number < HEADERS => (number * HEADER, HEADER),
            None => return Ok(None),
        };
        if let Some(section) = read_at(file, position, length).filter(|section| is_valid(section)) {
            if number < HEADERS {
                headers.push(section);
                known = layout(&headers).or(known);
            }
        } else if let Some(section) =
            read_at(file, position, length - 1).and_then(|left| restore_section(&left))
        {
            break (position, section);
        } else if number > 0 && read_at(file, position - 1, length).is_some_and(|section| is_valid(&section))
        {
            // It is missing in a block before, which is in no use and may have any content.
            break (position - 1, vec![0]);
        }
        number += 1;
    };
    let (path, mended) = (folder.join(DATABASE), folder.join(MENDED));
    let copied = (|| {
        file.seek(SeekFrom::Start(0))?;
        let mut target = File::create(&mended)?;
        io::copy(&mut io::Read::take(&mut *file, start), &mut target)?;
        target.write_all(&restored)?;
        file.seek(SeekFrom::Start(start + restored.len() as u64 - 1))?;
        io::copy(file, &mut target)?;
        target.sync_all()
    })();
    copied.map_err(|error| file_error(&mended, &error))?;
    quarantine(folder, &path)?;
    fs::rename(&mended, &path).map_err(|error| file_error(&mended, &error))?;
    sync_folder(folder)?;
    Ok(Some(start + restored.len() as u64))
}

/// Restores a section of which one byte was removed.
fn restore_section(left: &[u8]) -> Option<Vec<u8>> {
    let length = left.len() + 1 - CHECKSUM;
    // The byte is missing in the data.
    let (stored, data) = left.split_first_chunk::<CHECKSUM>()?;
    if let Some(data) = restore_removed(data, length, u64::from_le_bytes(*stored)) {
        return Some([&stored[..], &data].concat());
    }
    // It is missing in the checksum.
    let data = left.get(CHECKSUM - 1..)?;
    let stored = super::checksum_code::checksum(data).to_le_bytes();
    let found = left.get(..CHECKSUM - 1)?;
    let explains = |removed: usize| {
        let kept = stored.iter().enumerate().filter(|(position, _)| *position != removed);
        kept.map(|(_, byte)| byte).eq(found)
    };
    (0..CHECKSUM).any(explains).then(|| [&stored[..], data].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreOptions, integrity::checksum_code::checksum};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_lost_only_free_blocks_at_its_end_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::default();
        Store::open(folder.path(), options.clone()).unwrap().close().await.unwrap();
        let path = folder.path().join(DATABASE);
        let mut bytes = fs::read(&path).unwrap();
        let length = HEADER as usize;
        for header in bytes.chunks_mut(length).take(HEADERS as usize).skip(1) {
            let blocks: [u8; 8] = header[32..40].try_into().unwrap();
            header[32..40].copy_from_slice(&(u64::from_le_bytes(blocks) + 1).to_le_bytes());
            let sum = checksum(&header[CHECKSUM..]);
            header[..CHECKSUM].copy_from_slice(&sum.to_le_bytes());
        }
        fs::write(&path, &bytes).unwrap();
        let mut report = RepairReport::default();
        assert!(mend(folder.path(), &mut report).unwrap().is_some_and(|text| text.contains("was cut")));
        fs::write(&path, &bytes).unwrap();
        let report = Store::repair(folder.path(), &options).unwrap();
        assert!(report.steps.is_empty(), "{report:?}");
        Store::open(folder.path(), options).unwrap().close().await.unwrap();
    }
}
