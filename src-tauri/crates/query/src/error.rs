//! The errors of a query.

use store::StoreError;

/// The reason why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The search text is invalid.
    #[error("search, character {position}: {message}")]
    Search {
        /// Position of the error in characters; the first is 1.
        position: usize,
        /// The expected text.
        message: String,
    },
    /// The query is invalid, such as a range that ends before it starts.
    #[error("{0}")]
    Invalid(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that computed the answer ended early.
    #[error("computing the answer failed: {0}")]
    Computation(#[from] tokio::task::JoinError),
}
