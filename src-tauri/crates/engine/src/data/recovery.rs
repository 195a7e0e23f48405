//! Repair of a data folder that no engine uses.

use std::path::Path;

use store::{RepairReport, Store, StoreOptions};

use crate::{EngineError, Instance};

/// Repairs the database of a data folder and its log. Of what is damaged, everything that reads is
/// saved.
///
/// Returns what was done and what is lost. Fails if an engine has the folder.
pub async fn repair_data_folder(data_folder: &Path) -> Result<RepairReport, EngineError> {
    let _instance = Instance::acquire(data_folder)?;
    let folder = data_folder.to_owned();
    let repair = move || Store::repair(&folder, &StoreOptions::default());
    let repaired = tokio::task::spawn_blocking(repair).await;
    let panicked = |reason| EngineError::Panicked { operation: "repair the database", reason };
    Ok(repaired.map_err(panicked)??)
}
