//! A sender of remote write 1.0 with numbered samples.

use std::{net::SocketAddr, ops::Range, sync::OnceLock};

use reqwest::StatusCode;

use crate::{
    otlp_load,
    write_request::{Label, Sample, TimeSeries, WriteRequest},
};

/// Name of the metric of numbered samples sent by remote write.
pub const WRITTEN_METRIC: &str = "numbered_written";
/// Number of series over which the numbers are spread.
const SERIES: u64 = 16;

/// Encodes a compressed request with one sample for each of `numbers`.
///
/// The time of a number never changes: a batch that is sent again has the same points.
pub fn numbered(numbers: Range<u64>) -> Vec<u8> {
    let series = (0..SERIES)
        .map(|index| TimeSeries {
            labels: vec![
                Label::new("__name__", WRITTEN_METRIC),
                Label::new("job", "numbered"),
                Label::new("place", &index.to_string()),
            ],
            samples: numbers
                .clone()
                .filter(|number| number % SERIES == index)
                .map(|number| Sample { value: number as f64, timestamp: time_of(number) })
                .collect(),
            ..TimeSeries::default()
        })
        .filter(|series| !series.samples.is_empty())
        .collect();
    WriteRequest { series, ..WriteRequest::default() }.compressed()
}

/// Returns the time of a number in milliseconds since the epoch. Number 0 is half an hour before
/// the first call.
fn time_of(number: u64) -> i64 {
    static FIRST: OnceLock<i64> = OnceLock::new();
    FIRST.get_or_init(|| (otlp_load::now() / 1_000_000) as i64 - 1_800_000) + number as i64
}

/// A connection that sends remote write to one listener.
#[derive(Debug, Clone)]
pub struct WriteConnection {
    url: String,
    client: reqwest::Client,
}

impl WriteConnection {
    /// Creates a connection to a listener at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { url: format!("http://{address}/api/v1/write"), client: tls::http_client() }
    }

    /// Sends a compressed request.
    pub async fn send(&self, request: Vec<u8>) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(&self.url).body(request);
        let request = request
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0");
        request.send().await
    }
}

/// Returns true if a sender repeats a request with this answer. Source: prometheus.io,
/// "Prometheus Remote-Write specification", "Retries & Backoff".
pub fn is_retryable(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
