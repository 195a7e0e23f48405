//! OTLP metrics, logs and traces over gRPC and HTTP (OpenTelemetry protocol specification).

pub mod attributes;
pub(crate) mod buckets;
mod conversion;
mod faults;
pub(crate) mod fuzz;
pub(crate) mod grpc;
pub(crate) mod http;
mod invalid_text;
mod json;
pub mod logs;
pub mod metrics;
mod pipeline;
mod signal;
pub mod traces;

pub use conversion::{Conversion, Trimmed};
