//! The error of an analysis.

/// The reason an analysis failed.
#[derive(Debug, thiserror::Error)]
pub enum InsightError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The query for the target's series failed.
    #[error(transparent)]
    Query(#[from] query::QueryError),
    /// The service sent no requests in the range.
    #[error("no requests of {service} in this range")]
    NoRequests {
        /// The service.
        service: String,
    },
    /// A computation panicked.
    #[error("analysis failed: internal error")]
    Panicked,
}
