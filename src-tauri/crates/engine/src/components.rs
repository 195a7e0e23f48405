//! The components of the engine: what runs in the background, one file each.
//!
//! A collector or receiver is a file with a function `specs` and a line in `sources::SOURCES`.

mod anomaly_detection;
mod command;
mod component;
mod entry;
mod handles;
mod host_metrics;
mod ledger;
mod listen;
mod log_file;
mod memory_release;
mod otlp_grpc;
mod otlp_http;
mod prometheus_file;
mod protection;
mod remote_write;
mod restart;
mod retention;
mod scrape;
mod self_metrics;
mod sentry;
mod sources;
mod span_metrics;
mod spec;
mod statsd;
mod supervisor;
mod tcp_receiver;

pub(crate) use anomaly_detection::AnomalyDetection;
pub(crate) use handles::{ListenAddresses, SourceHandles};
pub(crate) use ledger::LedgerRecorder;
pub(crate) use memory_release::MemoryRelease;
pub(crate) use restart::start;
pub(crate) use retention::PeriodicRetention;
pub(crate) use self_metrics::SelfMetrics;
pub(crate) use span_metrics::SpanMetrics;
pub(crate) use supervisor::ComponentSupervisor;
