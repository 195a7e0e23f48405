//! Why there is no report.

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The range holds no time.
    #[error("the time range of the report ends before it starts")]
    EmptyRange,
    /// The form asked for is a page and holds no rows.
    #[error("the data of a report are written as CSV or Parquet, not as HTML")]
    NotData,
    /// The store could not answer.
    #[error("reading for the report: {0}")]
    Store(#[from] store::StoreError),
    /// A metric could not be evaluated.
    #[error("evaluating for the report: {0}")]
    Query(#[from] query::QueryError),
    /// The work was given up, because the program is stopping.
    #[error("the report was interrupted")]
    Interrupted,
}
