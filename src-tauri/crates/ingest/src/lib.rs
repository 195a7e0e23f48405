//! Telemetry pushed to us: OTLP metrics, logs and traces over gRPC and HTTP, Prometheus remote write, StatsD. A request is answered with success
//! only after the store has committed its records; what cannot be right is rejected record by record.

pub mod attributes;
mod body;
mod buckets;
mod clock;
mod conversion;
mod counters;
mod cross_origin;
mod grpc;
mod http;
mod intake;
mod json;
pub mod logs;
pub mod metrics;
mod refusal;
mod remote_write;
mod signal;
mod statsd;
pub mod traces;
mod weight;

pub use body::MAX_BODY_BYTES;
pub use conversion::{Conversion, Trimmed};
pub use counters::IntakeCounters;
pub use grpc::serve_otlp_grpc;
pub use http::serve_otlp_http;
pub use remote_write::serve_remote_write;
pub use statsd::{StatsdOptions, StatsdSocket, serve_statsd};

/// Why a listener ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The HTTP listener failed.
    #[error("the OTLP/HTTP listener failed: {0}")]
    Listener(#[source] std::io::Error),
    /// The listener of remote write failed.
    #[error("the remote write listener failed: {0}")]
    RemoteWrite(#[source] std::io::Error),
    /// The StatsD socket failed.
    #[error("the StatsD socket failed: {0}")]
    Statsd(#[source] std::io::Error),
    /// The gRPC listener failed.
    #[error("the OTLP/gRPC listener failed: {0}")]
    Grpc(#[source] tonic::transport::Error),
}
