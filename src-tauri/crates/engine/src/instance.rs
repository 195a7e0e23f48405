//! One engine per data folder: a lock, and a note that says how to reach the one that holds it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::EngineError;

const LOCK: &str = "engine.lock";
const NOTE: &str = "engine.json";
const TOKEN: &str = "console.token";
/// A kept token that is shorter is not trusted, in characters.
const SHORTEST_TOKEN: usize = 32;

/// How to reach a running engine. The note that holds it can be read by its owner only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningEngine {
    /// Process id.
    pub process: u32,
    /// Address of its web front, such as `http://127.0.0.1:7171`.
    pub address: String,
    /// The token the web front asks for.
    pub token: String,
}

impl std::fmt::Debug for RunningEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RunningEngine {{ process: {}, address: {:?} }}", self.process, self.address)
    }
}

/// The right to work on a data folder, given back when dropped.
#[derive(Debug)]
pub struct Instance {
    folder: PathBuf,
    _lock: File,
}

impl Instance {
    /// Takes the data folder, which is made if it is not there.
    pub fn acquire(folder: &Path) -> Result<Self, EngineError> {
        make_private_folder(folder).map_err(|source| file_error(folder, source))?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| file_error(&path, source))?;
        match lock.try_lock() {
            Ok(()) => {
                // A note left by an engine that was killed leads nowhere.
                let _ = fs::remove_file(folder.join(NOTE));
                Ok(Self { folder: folder.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => {
                Err(EngineError::AlreadyRunning { folder: folder.to_owned(), running: read_note(folder) })
            }
            Err(TryLockError::Error(source)) => Err(file_error(&path, source)),
        }
    }

    /// Tells other programs of this user how to reach the engine.
    pub fn publish(&self, address: &str, token: &str) -> Result<(), EngineError> {
        let path = self.folder.join(NOTE);
        let note = RunningEngine {
            process: std::process::id(),
            address: address.to_owned(),
            token: token.to_owned(),
        };
        write_private(&path, &serde_json::to_vec(&note).unwrap_or_default())
            .map_err(|source| file_error(&path, source))
    }

    /// The token of the console: the one kept in the data folder, so that an open page finds its way back after a
    /// restart, or a `fresh` one that is kept from now on. Removing the file makes every older link worthless.
    pub fn token(&self, fresh: impl FnOnce() -> String) -> Result<String, EngineError> {
        let path = self.folder.join(TOKEN);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let kept = kept.trim();
        if kept.len() >= SHORTEST_TOKEN && kept.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(kept.to_owned());
        }
        let token = fresh();
        write_private(&path, token.as_bytes()).map_err(|source| file_error(&path, source))?;
        Ok(token)
    }

    /// Takes back what was published.
    pub(crate) fn retract(&self) {
        // If it cannot be removed, the next engine does that.
        let _ = fs::remove_file(self.folder.join(NOTE));
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.retract();
    }
}

/// The engine that works on `folder` now, if there is one that can be reached.
pub fn running_engine(folder: &Path) -> Option<RunningEngine> {
    let lock = OpenOptions::new().write(true).open(folder.join(LOCK)).ok()?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => read_note(folder),
        _ => None,
    }
}

fn read_note(folder: &Path) -> Option<RunningEngine> {
    serde_json::from_slice(&fs::read(folder.join(NOTE)).ok()?).ok()
}

fn file_error(path: &Path, reason: io::Error) -> EngineError {
    EngineError::File { path: path.to_owned(), reason }
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Writes a file that only its owner can read, never leaving half of it.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_engine_and_others_learn_how_to_reach_it() {
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
    fn the_token_outlives_a_restart_unless_its_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let first = Instance::acquire(folder.path()).unwrap().token(|| "a".repeat(64)).unwrap();
        let again = Instance::acquire(folder.path()).unwrap();
        assert_eq!(again.token(|| "b".repeat(64)).unwrap(), first);
        fs::write(folder.path().join(TOKEN), "short").unwrap();
        assert_eq!(again.token(|| "c".repeat(64)).unwrap(), "c".repeat(64));
    }

    #[cfg(unix)]
    #[test]
    fn the_note_and_the_token_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::acquire(&folder.path().join("data")).unwrap();
        instance.publish("http://127.0.0.1:1", "secret").unwrap();
        instance.token(|| "a".repeat(64)).unwrap();
        for file in [NOTE, TOKEN] {
            let mode = fs::metadata(folder.path().join("data").join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
