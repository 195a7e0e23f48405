//! Why a request about checks was not carried out.

use store::StoreError;

use crate::SecretError;

/// Why a request about checks was not carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The check cannot be saved as it is; the text says which field and why.
    #[error("{0}")]
    Invalid(String),
    /// There is no check with this id.
    #[error("there is no check with the id {0:?}")]
    NotFound(String),
    /// The check was changed or stopped while it was being looked at; nothing was recorded.
    #[error("the check was changed or stopped meanwhile")]
    Interrupted,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be kept or read.
    #[error(transparent)]
    Secret(#[from] SecretError),
}
