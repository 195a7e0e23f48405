//! The quarantine: the folder that damaged files are moved to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    StoreError,
    database::paths::{CHECKPOINT_LOG, LOG, create_folder, file_error},
};

/// The folder, in the data folder.
pub(crate) const QUARANTINE: &str = "quarantine";

/// Moves a file to the quarantine. Returns its new path, or none if it does not exist.
pub(crate) fn quarantine(folder: &Path, path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let Some(name) = path.file_name().filter(|_| path.exists()) else { return Ok(None) };
    let target_folder = folder.join(QUARANTINE);
    create_folder(&target_folder)?;
    let target = free_name(&target_folder, &name.to_string_lossy());
    fs::rename(path, &target).map_err(|error| file_error(path, &error))?;
    Ok(Some(target))
}

/// Moves the logs of the database to the quarantine.
pub(crate) fn quarantine_logs(folder: &Path) -> Result<(), StoreError> {
    for name in [LOG, CHECKPOINT_LOG] {
        quarantine(folder, &folder.join(name))?;
    }
    Ok(())
}

/// Returns the path of a new file in a folder: its name, with a number if there is such a file.
pub(crate) fn free_name(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    let numbered = (1_u64..).map(|number| folder.join(format!("{name}.{number}")));
    std::iter::once(plain.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(plain)
}
