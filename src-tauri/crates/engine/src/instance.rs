//! One engine per data folder: a lock, and a file with the address of the engine that holds it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use runtime::{FolderAccess, replace_private_file, secure_folder};

use crate::{EngineError, RunningEngine};

const LOCK: &str = "engine.lock";
const ADDRESS_FILE: &str = "engine.json";
const TOKEN: &str = "console.token";
/// Minimum length of a stored token in characters. A shorter one is replaced.
const MIN_TOKEN_LENGTH: usize = 32;

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
                Ok(Self { folder: folder.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => {
                Err(EngineError::AlreadyRunning { folder: folder.to_owned(), running: read_address(folder) })
            }
            Err(TryLockError::Error(source)) => Err(file_error(&path, source)),
        }
    }

    /// Publishes the engine's address and token to other programs of this user.
    pub fn publish(&self, address: &str, token: &str) -> Result<(), EngineError> {
        let path = self.folder.join(ADDRESS_FILE);
        let running = RunningEngine {
            process: std::process::id(),
            address: address.to_owned(),
            token: token.to_owned(),
        };
        replace_private_file(&path, &serde_json::to_vec(&running).unwrap_or_default())
            .map_err(|source| file_error(&path, source))
    }

    /// Returns the console's token: the one stored in the data folder, or else a `fresh` one that
    /// is stored. An open page can so reconnect after a restart. Removing the file invalidates
    /// older links.
    pub fn token(&self, fresh: impl FnOnce() -> String) -> Result<String, EngineError> {
        let path = self.folder.join(TOKEN);
        let stored = fs::read_to_string(&path).unwrap_or_default();
        let stored = stored.trim();
        if stored.len() >= MIN_TOKEN_LENGTH && stored.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(stored.to_owned());
        }
        let token = fresh();
        replace_private_file(&path, token.as_bytes()).map_err(|source| file_error(&path, source))?;
        Ok(token)
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
        instance.publish("http://127.0.0.1:1", "secret").unwrap();
        let running = running_engine(folder.path()).unwrap();
        assert_eq!((running.address.as_str(), running.token.as_str()), ("http://127.0.0.1:1", "secret"));
        assert!(!format!("{running:?}").contains("secret"));
        assert!(matches!(
            Instance::acquire(folder.path()),
            Err(EngineError::AlreadyRunning { running: Some(_), .. })
        ));
        drop(instance);
        assert_eq!(running_engine(folder.path()), None);
        Instance::acquire(folder.path()).unwrap();
    }

    #[test]
    fn the_token_survives_a_restart_unless_its_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let first = Instance::acquire(folder.path()).unwrap().token(|| "a".repeat(64)).unwrap();
        let again = Instance::acquire(folder.path()).unwrap();
        assert_eq!(again.token(|| "b".repeat(64)).unwrap(), first);
        fs::write(folder.path().join(TOKEN), "short").unwrap();
        assert_eq!(again.token(|| "c".repeat(64)).unwrap(), "c".repeat(64));
    }

    #[cfg(unix)]
    #[test]
    fn the_address_and_the_token_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::acquire(&folder.path().join("data")).unwrap();
        instance.publish("http://127.0.0.1:1", "secret").unwrap();
        instance.token(|| "a".repeat(64)).unwrap();
        for file in [ADDRESS_FILE, TOKEN] {
            let mode = fs::metadata(folder.path().join("data").join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
