//! Remote write 1.0 as senders make it, with numbered samples.

use std::{net::SocketAddr, ops::Range, sync::OnceLock};

use reqwest::StatusCode;

use crate::{
    otlp_load,
    write_request::{Label, Sample, TimeSeries, WriteRequest},
};

/// The metric of numbered samples that come by remote write.
pub const WRITTEN_METRIC: &str = "numbered_written";
/// Series that the numbers are spread over.
const SERIES: u64 = 16;

/// Packed bytes of a request with one sample for each of `numbers`, by which it can be found again. The time of a
/// number is always the same: a batch that is sent again is the same points.
pub fn numbered(numbers: Range<u64>) -> Vec<u8> {
    let series = (0..SERIES)
        .map(|place| TimeSeries {
            labels: vec![
                Label::new("__name__", WRITTEN_METRIC),
                Label::new("job", "numbered"),
                Label::new("place", &place.to_string()),
            ],
            samples: numbers
                .clone()
                .filter(|number| number % SERIES == place)
                .map(|number| Sample { value: number as f64, timestamp: time_of(number) })
                .collect(),
            ..TimeSeries::default()
        })
        .filter(|series| !series.samples.is_empty())
        .collect();
    WriteRequest { series, ..WriteRequest::default() }.packed()
}

/// The time of a number in milliseconds since the epoch: from half an hour before this program first asked.
fn time_of(number: u64) -> i64 {
    static FIRST: OnceLock<i64> = OnceLock::new();
    FIRST.get_or_init(|| (otlp_load::now() / 1_000_000) as i64 - 1_800_000) + number as i64
}

/// Sends remote write to one listener.
#[derive(Debug, Clone)]
pub struct WriteConnection {
    url: String,
    client: reqwest::Client,
}

impl WriteConnection {
    /// For a listener at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { url: format!("http://{address}/api/v1/write"), client: tls::http_client() }
    }

    /// Sends a packed request.
    pub async fn send(&self, request: Vec<u8>) -> reqwest::Result<reqwest::Response> {
        let request = self.client.post(&self.url).body(request);
        let request = request
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0");
        request.send().await
    }
}

/// Whether a sender repeats what got this answer (prometheus.io, "Prometheus Remote-Write specification", "Retries &
/// Backoff").
pub fn is_repeated(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
