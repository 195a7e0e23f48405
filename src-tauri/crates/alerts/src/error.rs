//! The errors of alerting.

use query::QueryError;
use store::StoreError;

/// An error of a rule, an alert, a silence or a notification.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The rule or silence is invalid; says which field and which values are valid.
    #[error("{0}")]
    Invalid(String),
    /// The rule, alert, silence or health check does not exist.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// Kind of the missing record, such as `rule`.
        kind: &'static str,
        /// Its identifier.
        id: String,
    },
    /// The query of a rule failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An evaluation exceeded its deadline.
    #[error("evaluation exceeded its deadline of {seconds} s")]
    Deadline {
        /// The deadline, in seconds.
        seconds: u64,
    },
    /// Alerting stopped while its rules were being loaded.
    #[error("alerting stopped before its rules were loaded")]
    Stopped,
    /// The thread of a computation ended early.
    #[error("computation failed: {0}")]
    Computation(#[from] tokio::task::JoinError),
}
