//! The error of requests about checks.

use store::StoreError;

use crate::secrets::SecretError;

/// An error of a request about checks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The check cannot be saved as it is; the text names the field and the reason.
    #[error("{0}")]
    Invalid(String),
    /// There is no check with this id.
    #[error("there is no check with the id {0:?}")]
    NotFound(String),
    /// The check was changed or stopped during a run; nothing was recorded.
    #[error("the check was changed or stopped meanwhile")]
    Interrupted,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be stored or read.
    #[error(transparent)]
    Secret(#[from] SecretError),
}
