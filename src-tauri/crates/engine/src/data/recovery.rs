//! Recovery of a data folder whose database is damaged.

use std::path::{Path, PathBuf};

use store::{Store, StoreOptions};

use crate::{EngineError, Instance};

/// Moves the database of a data folder into quarantine if it is damaged. The next start continues
/// with the sealed segments.
///
/// Returns the new path, or `None` if the database is intact. Fails if an engine has the folder.
pub async fn quarantine_damaged_database(data_folder: &Path) -> Result<Option<PathBuf>, EngineError> {
    let _instance = Instance::acquire(data_folder)?;
    let folder = data_folder.to_owned();
    let check = move || Store::quarantine_damaged_database(&folder, &StoreOptions::default());
    let checked = tokio::task::spawn_blocking(check).await;
    let panicked = |reason| EngineError::Panicked { operation: "check the database", reason };
    Ok(checked.map_err(panicked)??)
}
