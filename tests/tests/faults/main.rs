//! Faults around a real `binnacle-cli serve`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod clock;
mod crash;
mod damaged_files;
mod data_folder;
mod fake_clock;
mod malformed_grpc;
mod malformed_http;
#[cfg(unix)]
mod other_machines;
#[cfg(unix)]
mod other_users;
#[cfg(unix)]
mod paused_rates;
mod ports;
#[cfg(unix)]
mod scrape_flood;
#[cfg(unix)]
mod scrape_secrets;
mod series_limits;
mod settings;
mod shutdown;

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use model::{LogPage, LogsRequest, TimeRange, Timestamp};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use test_support::{engine_process::EngineProcess, otlp_load};

/// Creates a request with one log record.
fn one_log(body: &str) -> ExportLogsServiceRequest {
    let record = opentelemetry_proto::tonic::logs::v1::LogRecord {
        time_unix_nano: otlp_load::now(),
        severity_number: 9,
        body: Some(otlp_load::text(body)),
        ..Default::default()
    };
    otlp_load::logs_request(otlp_load::resource("faults", Vec::new()), vec![record])
}

/// Returns the bodies of all log records of the last hour that contain `search`.
async fn log_bodies(engine: &EngineProcess, search: &str) -> Vec<String> {
    let end = Timestamp(otlp_load::now() as i64 + 1_000_000_000);
    let request = LogsRequest {
        query: format!("{search:?} service:faults"),
        matchers: Vec::new(),
        range: TimeRange::last(3600, end),
        limit: 1000,
        cursor: None,
    };
    let page: LogPage = engine.call("search_logs", serde_json::to_value(request).unwrap()).await.unwrap();
    page.lines.into_iter().map(|line| line.body).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
