//! The interface of a secret store, its errors, and a secret in memory.

use std::fmt;

/// An error of a secret store. Never holds the secret.
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
        /// The fault of the file.
        reason: String,
    },
}

/// A store of one secret per check or per Sentry installation. Calls block, at most for seconds.
pub trait SecretStore: Send + Sync {
    /// Returns the secret of the check or installation `id`; none if none is stored.
    fn get(&self, id: &str) -> Result<Option<String>, SecretError>;
    /// Stores `secret` under `id` and replaces any other.
    fn set(&self, id: &str, secret: &str) -> Result<(), SecretError>;
    /// Deletes the secret of `id`, if any.
    fn delete(&self, id: &str) -> Result<(), SecretError>;
}

/// A secret in memory. Its debug text does not show it.
#[derive(Clone, PartialEq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
