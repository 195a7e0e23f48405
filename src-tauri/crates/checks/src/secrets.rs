//! Storage of passwords: the system's keyring, or a file that only its owner can read.

mod file;
mod keyring;
mod store;

use std::{path::Path, sync::Arc};

pub use file::FileSecrets;
use keyring::KeyringSecrets;
pub(crate) use store::Secret;
pub use store::{SecretError, SecretStore};

/// Opens the keyring if a round trip through it works within two seconds. Opens `secrets.json` in
/// the data folder otherwise, readable by its owner only. Blocks for two seconds at most. Secrets
/// from the file are still found when there is a keyring later.
pub fn open_secrets(data_folder: &Path) -> Arc<dyn SecretStore> {
    let file = FileSecrets::new(data_folder.join("secrets.json"));
    match KeyringSecrets::open() {
        Ok(keyring) => {
            tracing::info!("passwords of checks are stored in the system's keyring");
            Arc::new(KeyringBeforeFile { keyring, file })
        }
        Err(error) => {
            tracing::info!(
                reason = %error,
                path = %file.path().display(),
                "passwords of checks are stored in a file: no keyring"
            );
            Arc::new(file)
        }
    }
}

/// The keyring, with the file for secrets from the time before there was a keyring.
struct KeyringBeforeFile {
    keyring: KeyringSecrets,
    file: FileSecrets,
}

impl SecretStore for KeyringBeforeFile {
    fn get(&self, id: &str) -> Result<Option<String>, SecretError> {
        match self.keyring.get(id)? {
            Some(secret) => Ok(Some(secret)),
            None => self.file.get(id),
        }
    }

    fn set(&self, id: &str, secret: &str) -> Result<(), SecretError> {
        self.keyring.set(id, secret)?;
        self.file.delete(id)
    }

    fn delete(&self, id: &str) -> Result<(), SecretError> {
        self.keyring.delete(id)?;
        self.file.delete(id)
    }
}
