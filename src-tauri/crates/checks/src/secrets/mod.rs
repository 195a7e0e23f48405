//! Where passwords are kept: the system's keyring, or a file only its owner can read.

mod file;
mod keyring;

use std::{fmt, path::Path, sync::Arc};

pub use file::FileSecrets;
use keyring::KeyringSecrets;

/// Why a secret could not be read or kept. Never holds the secret.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The keyring did not answer in time; it may be locked or hang.
    #[error("the keyring did not answer in time, it may be locked")]
    Timeout,
    /// The keyring refused or failed.
    #[error("the keyring failed: {0}")]
    Keyring(String),
    /// The file could not be read or written.
    #[error("the file of secrets {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Keeps one secret per check, or per installation that is asked for telemetry. The calls block, at most some seconds.
pub trait SecretStore: Send + Sync {
    /// The secret of the check or installation `id`; none if none is kept.
    fn get(&self, id: &str) -> Result<Option<String>, SecretError>;
    /// Keeps `secret` for the check `id`, instead of any other.
    fn set(&self, id: &str, secret: &str) -> Result<(), SecretError>;
    /// Forgets the secret of the check `id`, if any.
    fn delete(&self, id: &str) -> Result<(), SecretError>;
}

/// Opens the keyring if a round trip through it works within two seconds, and otherwise `secrets.json`
/// in the data folder, readable by its owner only. Blocks for that long at most. Secrets that were put
/// into the file while there was no keyring are still found when there is one.
pub fn open_secrets(data_folder: &Path) -> Arc<dyn SecretStore> {
    let file = FileSecrets::new(data_folder.join("secrets.json"));
    match KeyringSecrets::open() {
        Ok(keyring) => {
            tracing::info!("passwords of checks are kept in the system's keyring");
            Arc::new(KeyringBeforeFile { keyring, file })
        }
        Err(error) => {
            tracing::info!(reason = %error, path = %file.path().display(), "passwords of checks are kept in a file");
            Arc::new(file)
        }
    }
}

/// The keyring, with the file for what was kept before there was a keyring.
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

/// A secret in memory that does not show itself.
#[derive(Clone, PartialEq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
