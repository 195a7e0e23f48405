//! The errors of a report.

/// The reason why a report could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The range is empty.
    #[error("the time range of the report ends before it starts")]
    EmptyRange,
    /// The format is a page, which has no rows.
    #[error("the data of a report is written as CSV or Parquet, not as HTML")]
    NotData,
    /// The store failed.
    #[error("could not read data for the report: {0}")]
    Store(#[from] store::StoreError),
    /// A metric could not be evaluated.
    #[error("could not evaluate a metric for the report: {0}")]
    Query(#[from] query::QueryError),
    /// The program stopped before the report was complete.
    #[error("the report was interrupted")]
    Interrupted,
}
