//! Getting a data folder going again whose database is damaged.

use std::path::{Path, PathBuf};

use store::{Store, StoreOptions};

use crate::{EngineError, Instance};

/// Moves the database of a data folder away if it is damaged, so that the next start goes on with what is sealed; where
/// it lies then, or nothing if it is in order. Fails if an engine has the folder.
pub async fn set_damaged_database_aside(data_folder: &Path) -> Result<Option<PathBuf>, EngineError> {
    let _instance = Instance::acquire(data_folder)?;
    let folder = data_folder.to_owned();
    let look = move || Store::set_damaged_database_aside(&folder, &StoreOptions::default());
    let looked = tokio::task::spawn_blocking(look).await;
    Ok(looked.map_err(|error| EngineError::Refused(format!("cannot look at the database: {error}")))??)
}
