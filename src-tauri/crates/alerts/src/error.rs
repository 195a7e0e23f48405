use query::QueryError;
use store::StoreError;

/// Why the alerts could not do what they were asked.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The rule or silence makes no sense; says which part and what would.
    #[error("{0}")]
    Invalid(String),
    /// There is no such rule, alert or silence.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What was looked for, such as `rule`.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// The question behind a rule could not be answered.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An evaluation took longer than it may.
    #[error("the evaluation took longer than {seconds} s")]
    Deadline {
        /// How long it may take.
        seconds: u64,
    },
    /// The thread that computes the answer went away.
    #[error("the answer could not be computed: {0}")]
    Computation(#[from] tokio::task::JoinError),
}
