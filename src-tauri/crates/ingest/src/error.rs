//! The errors that end a receiver.

/// The failure that ended a receiver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The StatsD socket failed.
    #[error("the StatsD socket failed: {0}")]
    Statsd(#[source] std::io::Error),
}
