//! The quarantine: the folder that damaged files are moved to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    StoreError,
    database::paths::{create_folder, file_error},
};

/// The folder, in the data folder.
pub(crate) const QUARANTINE: &str = "quarantine";

/// Moves a file to the quarantine. Returns its new path, or none if it does not exist.
pub(crate) fn quarantine(folder: &Path, path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let Some(name) = path.file_name().filter(|_| path.exists()) else { return Ok(None) };
    let target_folder = folder.join(QUARANTINE);
    create_folder(&target_folder)?;
    let name = name.to_string_lossy();
    let candidates = (0..).map(|number| match number {
        0 => target_folder.join(&*name),
        _ => target_folder.join(format!("{name}.{number}")),
    });
    let Some(target) = candidates.into_iter().find(|target| !target.exists()) else { return Ok(None) };
    fs::rename(path, &target).map_err(|error| file_error(path, &error))?;
    Ok(Some(target))
}
