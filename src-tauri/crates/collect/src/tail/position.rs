//! Positions in followed files, stored for the next start.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use runtime::replace_file;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Number of first bytes that identify the content of a file.
pub(crate) const RECOGNISED_BY: u64 = 256;

/// The identity of a file across renames: device and inode on Unix, its path elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Identity(String);

impl Identity {
    /// Returns the identity of a file.
    #[cfg(unix)]
    pub(crate) fn of(_: &Path, metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(format!("{}:{}", metadata.dev(), metadata.ino()))
    }

    /// Returns the identity of a file.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path, _: &fs::Metadata) -> Self {
        Self(path.to_string_lossy().into_owned())
    }
}

/// The stored position in a file, and the fingerprint of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    pub(crate) path: PathBuf,
    pub(crate) identity: Identity,
    /// Every record before this byte is stored.
    pub(crate) offset: u64,
    /// Number of first bytes in `fingerprint`.
    pub(crate) recognised_by: u64,
    pub(crate) fingerprint: u64,
}

impl Position {
    /// Updates the fingerprint to the offset. `head` has the first bytes at the time of reading.
    pub(crate) fn recognise(&mut self, head: &[u8]) {
        let wanted = usize::try_from(self.offset).unwrap_or(usize::MAX).min(head.len());
        if wanted as u64 != self.recognised_by {
            self.fingerprint = xxh3_64(head.get(..wanted).unwrap_or(head));
            self.recognised_by = wanted as u64;
        }
    }

    /// Returns true if `file` was neither truncated nor rewritten.
    pub(crate) fn still_holds(&self, file: &mut fs::File) -> io::Result<bool> {
        Ok(file.metadata()?.len() >= self.offset
            && (self.recognised_by == 0 || fingerprint(file, self.recognised_by)? == self.fingerprint))
    }
}

fn fingerprint(file: &mut fs::File, bytes: u64) -> io::Result<u64> {
    head(file, bytes).map(|head| xxh3_64(&head))
}

/// Reads the first bytes of a file, at most [`RECOGNISED_BY`].
pub(crate) fn head(file: &mut fs::File, bytes: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(bytes.min(RECOGNISED_BY)).read_to_end(&mut head)?;
    Ok(head)
}

/// Returns the state file of one followed path.
pub(crate) fn state_file(folder: &Path, followed: &str) -> PathBuf {
    folder.join(format!("tail-{:016x}.json", xxh3_64(followed.as_bytes())))
}

/// Reads the positions in `path`; none if the path was never followed before.
pub(crate) fn load(path: &Path) -> io::Result<Option<Vec<Position>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the positions in `path` atomically.
pub(crate) fn save(path: &Path, positions: &[&Position]) -> io::Result<()> {
    replace_file(path, &serde_json::to_vec(positions)?)
}
