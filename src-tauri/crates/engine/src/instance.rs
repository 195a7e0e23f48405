//! One engine per data folder: a lock, and a file with the addresses of the engine that holds it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use runtime::{FolderAccess, replace_private_file, secure_folder};

use crate::{EngineError, RunningEngine};

const LOCK: &str = "engine.lock";
const ADDRESS_FILE: &str = "engine.json";
/// A file that is deleted when a full disk has no space for the address.
const RESERVE: &str = "engine.reserve";
const RESERVE_BYTES: usize = 256 << 10;
/// The permanent token of the console in earlier versions.
const FORMER_TOKEN: &str = "console.token";

/// The lock on a data folder, released when dropped.
#[derive(Debug)]
pub struct Instance {
    folder: PathBuf,
    _lock: File,
}

impl Instance {
    /// Locks the data folder and makes it private to this user. A missing folder is created.
    /// Fails for a folder of another user, or one that other users can write to.
    pub fn acquire(folder: &Path) -> Result<Self, EngineError> {
        open_folder(folder).map_err(|source| file_error(folder, source))?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| file_error(&path, source))?;
        match lock.try_lock() {
            Ok(()) => {
                // The address of an engine that was killed is stale.
                let _ = fs::remove_file(folder.join(ADDRESS_FILE));
                remove_former_token(folder);
                restore_reserve(folder);
                Ok(Self { folder: folder.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => {
                Err(EngineError::AlreadyRunning { folder: folder.to_owned(), running: read_address(folder) })
            }
            Err(TryLockError::Error(source)) => Err(file_error(&path, source)),
        }
    }

    /// Publishes the engine's addresses to other programs of this user.
    pub fn publish(&self, address: &str, socket: &Path) -> Result<(), EngineError> {
        let path = self.folder.join(ADDRESS_FILE);
        let running = RunningEngine {
            process: std::process::id(),
            address: address.to_owned(),
            socket: socket.to_owned(),
        };
        let content = serde_json::to_vec(&running).unwrap_or_default();
        let published = match replace_private_file(&path, &content) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::warn!("the disk is full, the reserve of the engine is used");
                match fs::remove_file(self.folder.join(RESERVE)) {
                    Ok(()) => replace_private_file(&path, &content),
                    Err(_) => Err(error),
                }
            }
            published => published,
        };
        published.map_err(|source| file_error(&path, source))
    }

    /// Returns the data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Withdraws the published address.
    pub(crate) fn retract(&self) {
        // The next engine removes a file that remains.
        let _ = fs::remove_file(self.folder.join(ADDRESS_FILE));
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.retract();
        restore_reserve(&self.folder);
    }
}

/// Writes the reserve if it was used. Without space there is nothing to reserve.
fn restore_reserve(folder: &Path) {
    let path = folder.join(RESERVE);
    if !path.exists() {
        let _ = replace_private_file(&path, &vec![1; RESERVE_BYTES]);
    }
}

/// Returns the engine that has `folder` now, if it has published an address.
pub fn running_engine(folder: &Path) -> Option<RunningEngine> {
    let lock = OpenOptions::new().write(true).open(folder.join(LOCK)).ok()?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => read_address(folder),
        _ => None,
    }
}

fn read_address(folder: &Path) -> Option<RunningEngine> {
    serde_json::from_slice(&fs::read(folder.join(ADDRESS_FILE)).ok()?).ok()
}

fn remove_former_token(folder: &Path) {
    match fs::remove_file(folder.join(FORMER_TOKEN)) {
        Ok(()) => {
            tracing::info!("removed the token of an earlier version; `binnacle-cli open` opens the console");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!("cannot remove {FORMER_TOKEN}, which no longer opens anything: {error}"),
    }
}

fn file_error(path: &Path, reason: io::Error) -> EngineError {
    EngineError::File { path: path.to_owned(), reason }
}

/// Makes the data folder private and logs what that changed.
fn open_folder(folder: &Path) -> io::Result<()> {
    let path = folder.display();
    match secure_folder(folder)? {
        FolderAccess::Private => {}
        FolderAccess::Restricted(former) => {
            tracing::info!(%path, former = format!("{former:o}"), "data folder set to mode 700");
        }
        FolderAccess::Readable(mode) => tracing::warn!(
            %path,
            mode = format!("{mode:o}"),
            "other users can read the data folder: its file system does not store modes"
        ),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_engine_and_others_read_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::acquire(folder.path()).unwrap();
        assert_eq!(running_engine(folder.path()), None, "nothing is published yet");
        let socket = folder.path().join("console.sock");
        instance.publish("http://127.0.0.1:1", &socket).unwrap();
        let running = running_engine(folder.path()).unwrap();
        assert_eq!((running.address.as_str(), running.socket), ("http://127.0.0.1:1", socket));
        assert!(matches!(
            Instance::acquire(folder.path()),
            Err(EngineError::AlreadyRunning { running: Some(_), .. })
        ));
        drop(instance);
        assert_eq!(running_engine(folder.path()), None);
        Instance::acquire(folder.path()).unwrap();
    }

    #[test]
    fn the_token_of_an_earlier_version_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FORMER_TOKEN), "a".repeat(64)).unwrap();
        Instance::acquire(folder.path()).unwrap();
        assert!(!folder.path().join(FORMER_TOKEN).exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_addresses_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::acquire(&folder.path().join("data")).unwrap();
        instance.publish("http://127.0.0.1:1", Path::new("/console.sock")).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path().join("data")), 0o700);
        assert_eq!(mode(folder.path().join("data").join(ADDRESS_FILE)), 0o600);
    }
}
