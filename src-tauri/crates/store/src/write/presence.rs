//! The check that the data folder still exists.
//!
//! The files of the database stay open when the folder is deleted, moved or unmounted. Commits
//! would succeed and be lost.

use std::{
    fs::{self, Metadata},
    path::PathBuf,
    time::Duration,
};

use crate::StoreError;

/// The delay after which senders try again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The identity of an open database file, to be compared with the file of its name.
#[derive(Debug)]
pub(crate) struct Presence {
    database: PathBuf,
    identity: Option<[u64; 2]>,
}

impl Presence {
    /// Remembers the file that has the name now.
    pub(crate) fn new(database: PathBuf) -> Self {
        let identity = fs::metadata(&database).ok().map(|metadata| identity(&metadata));
        Self { database, identity }
    }

    /// Fails if the file is gone or another one has its name.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let reason = match fs::metadata(&self.database) {
            Ok(metadata) if Some(identity(&metadata)) == self.identity => return Ok(()),
            Ok(_) => "another file took its place, restart Binnacle to use it".to_owned(),
            // Such as a network file system that does not answer for a moment.
            Err(error) => error.to_string(),
        };
        Err(StoreError::Gone { path: self.database.clone(), reason, retry_after: RETRY_AFTER })
    }
}

/// Returns device and inode. Elsewhere than on Unix an open file cannot be replaced.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> [u64; 2] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev(), metadata.ino()]
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> [u64; 2] {
    [0; 2]
}
