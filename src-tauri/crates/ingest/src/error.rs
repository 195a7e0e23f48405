//! The errors that end a receiver.

/// The failure that ended a receiver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The OTLP/HTTP listener failed.
    #[error("the OTLP/HTTP listener failed: {0}")]
    Listener(#[source] std::io::Error),
    /// The remote write listener failed.
    #[error("the remote write listener failed: {0}")]
    RemoteWrite(#[source] std::io::Error),
    /// The StatsD socket failed.
    #[error("the StatsD socket failed: {0}")]
    Statsd(#[source] std::io::Error),
    /// The OTLP/gRPC listener failed.
    #[error("the OTLP/gRPC listener failed: {0}")]
    Grpc(#[source] tonic::transport::Error),
}
