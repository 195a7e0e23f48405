//! A file with the labels of past series and resources. It has no name and ends with the process.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use super::packed_attributes::PackedAttributes;
use crate::StoreError;

/// Bytes of the checksum behind each label set.
const CHECKSUM: usize = 4;

/// A file of label sets. Bytes are appended and never changed.
#[derive(Debug)]
pub(crate) struct LabelFile {
    file: File,
    path: PathBuf,
    end: Mutex<u64>,
    /// Bytes that slices refer to.
    used: AtomicU64,
    has_failed: AtomicBool,
}

impl LabelFile {
    /// Creates an empty file in a folder that is emptied at each start.
    pub(super) fn create(folder: &Path) -> io::Result<Arc<Self>> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = folder.join(format!("labels-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        // Windows does not remove an open file. The next start does.
        #[cfg(unix)]
        fs::remove_file(&path)?;
        Ok(Self::of(file, path))
    }

    fn of(file: File, path: PathBuf) -> Arc<Self> {
        let (end, used, has_failed) = Default::default();
        Arc::new(Self { file, path, end, used, has_failed })
    }

    /// Appends label sets. Returns where each is, or writes none.
    pub(super) fn append(self: &Arc<Self>, sets: &[&PackedAttributes]) -> io::Result<Vec<LabelSlice>> {
        let mut end = self.end.lock();
        let (mut bytes, mut slices) = (Vec::new(), Vec::with_capacity(sets.len()));
        for set in sets {
            let offset = *end + bytes.len() as u64;
            let length = u32::try_from(set.bytes().len()).map_err(io::Error::other)?;
            bytes.extend_from_slice(set.bytes());
            bytes.extend_from_slice(&checksum(set.bytes()));
            slices.push((offset, length));
        }
        write_at(&self.file, &bytes, *end)?;
        *end += bytes.len() as u64;
        self.used.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let slice = |(offset, length)| LabelSlice { file: Arc::clone(self), offset, length };
        Ok(slices.into_iter().map(slice).collect())
    }

    /// Returns the bytes of label sets that are not used any more, and of the others.
    pub(super) fn unused_and_used(&self) -> (u64, u64) {
        let (end, used) = (*self.end.lock(), self.used.load(Ordering::Relaxed));
        (end.saturating_sub(used), used)
    }

    /// Records that a label set could not be read.
    pub(super) fn fail(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    /// Returns whether a label set could not be read.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

/// A label set in a file.
#[derive(Debug)]
pub(crate) struct LabelSlice {
    file: Arc<LabelFile>,
    offset: u64,
    length: u32,
}

impl LabelSlice {
    /// Reads the label set.
    pub(super) fn read(&self) -> Result<PackedAttributes, StoreError> {
        let mut bytes = vec![0; self.length as usize + CHECKSUM];
        let read = read_at(&self.file.file, &mut bytes, self.offset).and_then(|()| {
            let sum = bytes.split_off(self.length as usize);
            if sum == checksum(&bytes) { Ok(()) } else { Err(io::Error::other("the checksum is wrong")) }
        });
        match read {
            Ok(()) => Ok(PackedAttributes::from_bytes(bytes)),
            Err(error) => {
                self.file.fail();
                let reason = format!("the labels of a past series could not be read: {error}");
                Err(StoreError::File { path: self.file.path.clone(), reason })
            }
        }
    }

    /// Returns whether it is in a file.
    pub(super) fn is_in(&self, file: &Arc<LabelFile>) -> bool {
        Arc::ptr_eq(&self.file, file)
    }

    fn bytes(&self) -> u64 {
        u64::from(self.length) + CHECKSUM as u64
    }
}

impl Clone for LabelSlice {
    fn clone(&self) -> Self {
        self.file.used.fetch_add(self.bytes(), Ordering::Relaxed);
        Self { file: Arc::clone(&self.file), offset: self.offset, length: self.length }
    }
}

impl Drop for LabelSlice {
    fn drop(&mut self) {
        self.file.used.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    (xxh3_64(bytes) as u32).to_le_bytes()
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = bytes.get(written..).filter(|_| written > 0).ok_or(io::ErrorKind::WriteZero)?;
        offset += written as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        bytes = bytes.get_mut(read..).filter(|_| read > 0).ok_or(io::ErrorKind::UnexpectedEof)?;
        offset += read as u64;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use model::Attributes;

    use super::*;

    /// Opens a file that can be written to and not read.
    pub(in crate::catalog) fn unreadable(folder: &Path) -> Arc<LabelFile> {
        let path = folder.join("write-only");
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
        LabelFile::of(file, path)
    }

    fn packed(text: &str) -> PackedAttributes {
        (&Attributes::new().with("key", text)).into()
    }

    #[test]
    fn label_sets_come_back_and_the_unused_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = LabelFile::create(folder.path()).unwrap();
        #[cfg(unix)]
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let sets = [packed("a"), packed(""), packed(&"é".repeat(50_000))];
        let mut slices = file.append(&sets.each_ref()).unwrap();
        slices.extend(file.append(&[&sets[1]]).unwrap());
        let read: Vec<_> = slices.iter().map(|slice| slice.read().unwrap()).collect();
        assert_eq!(read, [&sets[0], &sets[1], &sets[2], &sets[1]].map(Clone::clone));
        let (unused, used) = file.unused_and_used();
        assert_eq!(unused, 0);
        let copy = slices[2].clone();
        drop(slices);
        assert_eq!(file.unused_and_used(), (used - copy.bytes(), copy.bytes()));
        assert_eq!(copy.read().unwrap(), sets[2]);
    }

    #[test]
    fn changed_bytes_and_a_failing_file_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let file = LabelFile::create(folder.path()).unwrap();
        let slices = file.append(&[&packed("text")]).unwrap();
        write_at(&file.file, b"!", 3).unwrap();
        assert!(!file.has_failed());
        let error = slices[0].read().unwrap_err().to_string();
        assert!(error.contains("the checksum is wrong") && file.has_failed(), "{error}");

        let file = unreadable(folder.path());
        let slices = file.append(&[&packed("text")]).unwrap();
        slices[0].read().unwrap_err();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_is_written_on_a_full_disk() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let file = LabelFile::of(full, "/dev/full".into());
        let error = file.append(&[&packed("text")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.unused_and_used(), (0, 0));
    }
}
