use store::StoreError;

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The search text cannot be understood.
    #[error("search, character {position}: {message}")]
    Search {
        /// Where, in characters, the first is 1.
        position: usize,
        /// What was expected.
        message: String,
    },
    /// The question itself makes no sense, such as a range that ends before it starts.
    #[error("{0}")]
    Invalid(String),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that computes the answer went away.
    #[error("the answer could not be computed: {0}")]
    Computation(#[from] tokio::task::JoinError),
}
