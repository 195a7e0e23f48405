//! The file of a segment and its known faults.

use std::{
    fs,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::{
    info::Segment,
    parity::parity_path,
    scan::{Scan, read_metadata},
    time::before,
};
use crate::StoreError;

/// A segment and its file. An obsolete file is deleted with its last reader.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) info: Segment,
    obsolete: AtomicBool,
    metadata: OnceLock<ArrowReaderMetadata>,
    fault: Mutex<Option<String>>,
}

impl SegmentFile {
    pub(crate) fn new(info: Segment) -> Self {
        let fault = match fs::metadata(&info.path) {
            Ok(found) if found.len() == info.bytes => None,
            Ok(found) => Some(format!("it has {} bytes instead of {}", found.len(), info.bytes)),
            Err(error) => Some(error.to_string()),
        };
        if let Some(fault) = &fault {
            tracing::error!(file = %info.path.display(), fault, "segment cannot be read, reads skip it");
        }
        Self { info, obsolete: AtomicBool::new(false), metadata: OnceLock::new(), fault: Mutex::new(fault) }
    }

    /// Returns the known fault of the file.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().clone()
    }

    /// Records that the file cannot be read. Reads skip it from now on.
    pub(crate) fn mark_faulty(&self, error: &StoreError) {
        tracing::error!(file = %self.info.path.display(), %error, "segment cannot be read, reads skip it");
        self.set_fault(Some(error.to_string()));
    }

    /// Sets or clears the known fault.
    pub(crate) fn set_fault(&self, fault: Option<String>) {
        *self.fault.lock() = fault;
    }

    /// Opens the file. Returns none if it is known to be faulty.
    pub(crate) fn scan(&self) -> Result<Option<Scan>, StoreError> {
        if self.fault().is_some() {
            return Ok(None);
        }
        let metadata = match self.metadata.get() {
            Some(metadata) => metadata.clone(),
            None => {
                let read = read_metadata(&self.info.path)?;
                self.metadata.get_or_init(|| read).clone()
            }
        };
        Scan::open(&self.info.path, metadata).map(Some)
    }

    /// Marks the file for deletion with its last reader.
    pub(crate) fn set_obsolete(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    /// Returns whether any point may have `start <= time < end`.
    pub(crate) fn touches(&self, start: i64, end: i64) -> bool {
        before(self.info.first.0, end) && self.info.last.0 >= start
    }
}

impl Drop for SegmentFile {
    fn drop(&mut self) {
        // Files that cannot be deleted now are deleted at the next start.
        if self.obsolete.load(Ordering::Acquire) {
            let _ = fs::remove_file(&self.info.path);
            let _ = fs::remove_file(parity_path(&self.info.path));
        }
    }
}
