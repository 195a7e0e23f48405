//! Receivers of pushed telemetry: OTLP over gRPC and HTTP, Prometheus remote write, and StatsD.
//!
//! A request is answered with success only after the store has committed its records. Invalid
//! records are rejected one by one; the rest of their request is stored.

mod counters;
mod error;
pub mod fuzz;
mod intake;
mod limits;
mod listener;
pub mod otlp;
mod problems;
mod recent_requests;
mod rejection;
mod remote_write;
mod statsd;
mod timestamp;

pub use counters::IntakeCounters;
pub use error::IngestError;
pub use limits::{body::MAX_BODY_BYTES, budget::IntakeBudget};
pub use listener::{Listener, Protection, Token};
pub use otlp::{grpc::serve_otlp_grpc, http::serve_otlp_http};
pub use remote_write::serve_remote_write;
pub use statsd::{StatsdOptions, StatsdSocket, serve_statsd};
