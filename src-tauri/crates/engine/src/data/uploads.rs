//! Files that a page uploads for an import: received in parts into private files, which are deleted
//! after the import.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use model::Upload;
use parking_lot::Mutex;
use rand::Rng as _;
use runtime::Clock;
use store::Store;

use crate::{EngineError, stage::Stage};

/// Maximum size of an upload in bytes.
const MAX_BYTES: u64 = 4 << 30;
/// Maximum size of one part in bytes.
const MAX_PART_BYTES: usize = 1 << 20;
/// Maximum number of uploads that are not imported yet.
const MAX_UPLOADS: usize = 4;
/// Time after which an upload without a further part is deleted.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The uploads that are not imported yet. Clones share them.
#[derive(Debug, Clone)]
pub struct Uploads {
    folder: PathBuf,
    store: Store,
    clock: Clock,
    stage: Stage,
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
}

/// An upload.
#[derive(Debug)]
struct Entry {
    status: Upload,
    latest: Instant,
    /// None while a part is being written.
    file: Option<UploadedFile>,
}

/// A file of ours, deleted when dropped.
#[derive(Debug)]
pub(crate) struct UploadedFile {
    path: PathBuf,
    file: File,
}

impl UploadedFile {
    fn create(path: PathBuf) -> std::io::Result<Self> {
        // Only this user may access the folder, and no file or link of this name may exist.
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { path, file })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UploadedFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "uploaded file not deleted until the next start");
        }
    }
}

impl Uploads {
    /// Opens the folder of uploads, and deletes those that an earlier run left.
    pub(crate) fn open(
        folder: PathBuf,
        store: Store,
        clock: Clock,
        stage: Stage,
    ) -> Result<Self, EngineError> {
        let failed = |reason| EngineError::File { path: folder.clone(), reason };
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        runtime::secure_folder(&folder).map_err(failed)?;
        Ok(Self { folder, store, clock, stage, entries: Arc::default() })
    }

    /// Begins an upload of `size` bytes. `name` is that of the file, for people.
    ///
    /// Fails if the file is too large for the limit or for the disk, or if too many uploads wait.
    pub async fn begin(&self, name: String, size: u64) -> Result<Upload, EngineError> {
        if size > MAX_BYTES {
            let reason = format!("{name} has more than {} GiB", MAX_BYTES >> 30);
            return Err(EngineError::Upload { reason });
        }
        let space = self.store.admin().disk_space().await;
        if space.full || space.free.saturating_sub(space.reserve) < size {
            let reason = format!("the disk has too little space for {name}");
            return Err(EngineError::Upload { reason });
        }
        let id = format!("{:032x}", rand::rng().random::<u128>());
        let status = Upload { id: id.clone(), name, size, received: 0 };
        let path = self.folder.join(&id);
        {
            let mut entries = self.entries.lock();
            if entries.len() >= MAX_UPLOADS {
                let reason = format!("{MAX_UPLOADS} uploads are not finished; wait for one to end");
                return Err(EngineError::Upload { reason });
            }
            let file =
                UploadedFile::create(path.clone()).map_err(|reason| EngineError::File { path, reason })?;
            let entry = Entry { status: status.clone(), latest: self.clock.instant(), file: Some(file) };
            entries.insert(id.clone(), entry);
        }
        let (uploads, stop) = (self.clone(), self.stage.token());
        self.stage.spawn(async move {
            tokio::select! {
                () = uploads.expire(&id) => {}
                () = stop.cancelled() => {}
            }
            uploads.cancel(&id);
        });
        Ok(status)
    }

    /// Appends a part that begins at `offset`.
    ///
    /// Fails if the part is too large, is not the next one, or exceeds the announced size.
    pub async fn append(&self, id: &str, offset: u64, part: Vec<u8>) -> Result<Upload, EngineError> {
        let mut file = self.take(id, |status| {
            let end = offset.saturating_add(part.len() as u64);
            if part.len() > MAX_PART_BYTES {
                Some(format!("a part has at most {} MiB", MAX_PART_BYTES >> 20))
            } else if offset != status.received {
                Some(format!("the next part begins at {}, not at {offset}", status.received))
            } else if end > status.size {
                Some(format!("{} has more than the announced {} bytes", status.name, status.size))
            } else {
                None
            }
        })?;
        let writing = tokio::task::spawn_blocking(move || {
            let written = file.file.write_all(&part);
            (file, part.len(), written)
        });
        let written = writing.await;
        let mut entries = self.entries.lock();
        let Ok((file, length, Ok(()))) = written else {
            entries.remove(id);
            let reason = "the part cannot be written; the upload was cancelled".to_owned();
            return Err(EngineError::Upload { reason });
        };
        // A cancelled upload has no entry; dropping its file deletes it.
        let entry = entries.get_mut(id).ok_or_else(unknown)?;
        entry.status.received += length as u64;
        entry.latest = self.clock.instant();
        entry.file = Some(file);
        Ok(entry.status.clone())
    }

    /// Takes a complete upload out of the list.
    pub(crate) fn finish(&self, id: &str) -> Result<(Upload, UploadedFile), EngineError> {
        let file = self.take(id, |status| {
            let missing = status.size.saturating_sub(status.received);
            (missing > 0).then(|| format!("{missing} bytes of {} are missing", status.name))
        })?;
        let entry = self.entries.lock().remove(id).ok_or_else(unknown)?;
        Ok((entry.status, file))
    }

    /// Deletes an upload. Returns false if there is none.
    pub fn cancel(&self, id: &str) -> bool {
        self.entries.lock().remove(id).is_some()
    }

    /// Takes the file of an upload unless `problem` returns one.
    fn take(
        &self,
        id: &str,
        problem: impl FnOnce(&Upload) -> Option<String>,
    ) -> Result<UploadedFile, EngineError> {
        let mut entries = self.entries.lock();
        let entry = entries.get_mut(id).ok_or_else(unknown)?;
        if let Some(reason) = problem(&entry.status) {
            return Err(EngineError::Upload { reason });
        }
        let busy = || EngineError::Upload { reason: "another part is being written".to_owned() };
        entry.file.take().ok_or_else(busy)
    }

    /// Waits until an upload has had no part for [`IDLE_TIMEOUT`], or has ended.
    async fn expire(&self, id: &str) {
        loop {
            let Some(latest) = self.entries.lock().get(id).map(|entry| entry.latest) else { return };
            let idle = self.clock.instant().duration_since(latest);
            if idle >= IDLE_TIMEOUT {
                tracing::info!("an upload without further parts was deleted");
                return;
            }
            self.clock.sleep(IDLE_TIMEOUT - idle).await;
        }
    }
}

fn unknown() -> EngineError {
    EngineError::Upload { reason: "the upload has ended or expired; start it again".to_owned() }
}

#[cfg(test)]
mod tests;
