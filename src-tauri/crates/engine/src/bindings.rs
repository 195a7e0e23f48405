//! A private file of the data folder that records where secrets may be sent.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use runtime::{read_private_file, replace_private_file};
use serde::{Serialize, de::DeserializeOwned};

/// Values by name, in a file. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Bindings(Arc<Mutex<PathBuf>>);

impl Bindings {
    /// Returns the bindings in a file of the data folder.
    pub(crate) fn new(data_folder: &Path, file: &str) -> Self {
        Self(Arc::new(Mutex::new(data_folder.join(file))))
    }

    /// Edits the bindings. Those of a damaged file are not replaced. Blocks.
    pub(crate) fn change<T: Clone + PartialEq + Serialize + DeserializeOwned>(
        &self,
        edit: impl FnOnce(&mut BTreeMap<String, T>) -> Result<(), String>,
    ) -> Result<(), String> {
        let path = self.0.lock();
        let failed = |error: io::Error| format!("cannot use {}: {error}", path.display());
        let before: BTreeMap<String, T> = match read_private_file(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(error)),
        };
        let mut after = before.clone();
        edit(&mut after)?;
        if after == before {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&after).map_err(|error| failed(error.into()))?;
        replace_private_file(&path, &bytes).map_err(failed)
    }
}
