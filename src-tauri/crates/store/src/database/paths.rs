//! The files and folders of a data folder.

use std::{
    fs::{self, File},
    path::Path,
};

use crate::StoreError;

/// The database file.
pub(crate) const DATABASE: &str = "binnacle.duckdb";

/// The write-ahead log of the database.
pub(crate) const LOG: &str = "binnacle.duckdb.wal";

/// The log of what is committed while a checkpoint runs. It takes the place of [`LOG`] at its end.
pub(crate) const CHECKPOINT_LOG: &str = "binnacle.duckdb.wal.checkpoint";

/// The folder of spilled intermediate results.
pub(crate) const TEMPORARY: &str = "temporary";

/// The folder that exports are written to before they are moved to their target.
pub(crate) const EXPORTS: &str = "exports";

/// The folder of the segments.
pub(crate) const SEGMENTS: &str = "segments";

/// The folder of the parity of the segments.
pub(crate) const PARITY: &str = "parity";

/// The folder of the segments up to schema version 4.
const FORMER_SEGMENTS: &str = "partitions";

/// Creates a folder that only its owner can access, if it does not exist.
pub(crate) fn create_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| file_error(path, &error))
}

/// Converts an error on a file.
pub(crate) fn file_error(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), reason: error.to_string() }
}

/// Returns a path as text for a statement. Fails for paths that are not valid Unicode.
pub(crate) fn path_text(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::File {
        path: path.to_owned(),
        reason: "the name of the data folder is not valid Unicode".to_owned(),
    })
}

/// Syncs the names in a folder.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Only Unix opens folders. Elsewhere a rename is durable once the file is.
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| file_error(folder, &error))?;
    Ok(())
}

/// Moves the segments of schema version 4 and earlier to the folder that later ones use.
///
/// The folder is renamed as a whole. If both folders exist, the files are moved one by one. A crash
/// at any time leaves each file in one of them, and the next call completes the move.
pub(crate) fn rename_segment_folder(folder: &Path) -> Result<(), StoreError> {
    let (former, segments) = (folder.join(FORMER_SEGMENTS), folder.join(SEGMENTS));
    if !former.is_dir() {
        return Ok(());
    }
    if segments.exists() {
        for entry in fs::read_dir(&former).map_err(|error| file_error(&former, &error))? {
            let entry = entry.map_err(|error| file_error(&former, &error))?;
            let target = segments.join(entry.file_name());
            if !target.exists() {
                fs::rename(entry.path(), &target).map_err(|error| file_error(&entry.path(), &error))?;
            }
        }
        sync_folder(&segments)?;
        fs::remove_dir_all(&former).map_err(|error| file_error(&former, &error))?;
    } else {
        fs::rename(&former, &segments).map_err(|error| file_error(&former, &error))?;
    }
    sync_folder(folder)
}
