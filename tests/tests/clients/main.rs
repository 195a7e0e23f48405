//! Clients of other projects deliver to Binnacle: OpenTelemetry SDKs, Prometheus and StatsD.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod native_histograms;
#[cfg(unix)]
mod other_machines;
mod otlp_sdks;
mod prometheus_clients;
mod receiver;
mod remote_write;
#[cfg(unix)]
mod statsd;
