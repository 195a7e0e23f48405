//! Remote write 1.0 as senders make it, with numbered samples.

use std::{net::SocketAddr, ops::Range, sync::OnceLock};

use prost::Message;
use reqwest::StatusCode;

use crate::otlp_load;

/// The metric of numbered samples that come by remote write.
pub const WRITTEN_METRIC: &str = "numbered_written";
/// Series that the numbers are spread over.
const SERIES: u64 = 16;

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds since the epoch.
    #[prost(int64, tag = "2")]
    time: i64,
}

/// Packed bytes of a request with one sample for each of `numbers`, by which it can be found again. The time of a
/// number is always the same: a batch that is sent again is the same points.
pub fn numbered(numbers: Range<u64>) -> Vec<u8> {
    let label = |name: &str, value: &str| Label { name: name.to_owned(), value: value.to_owned() };
    let series = (0..SERIES)
        .map(|place| TimeSeries {
            labels: vec![
                label("__name__", WRITTEN_METRIC),
                label("job", "numbered"),
                label("place", &place.to_string()),
            ],
            samples: numbers
                .clone()
                .filter(|number| number % SERIES == place)
                .map(|number| Sample { value: number as f64, time: time_of(number) })
                .collect(),
        })
        .filter(|series| !series.samples.is_empty())
        .collect();
    pack(&WriteRequest { series }.encode_to_vec())
}

/// The time of a number in milliseconds since the epoch: from half an hour before this program first asked.
fn time_of(number: u64) -> i64 {
    static FIRST: OnceLock<i64> = OnceLock::new();
    FIRST.get_or_init(|| (otlp_load::now() / 1_000_000) as i64 - 1_800_000) + number as i64
}

/// Snappy's block format.
fn pack(message: &[u8]) -> Vec<u8> {
    // Fails only for messages of gigabytes.
    snap::raw::Encoder::new().compress_vec(message).unwrap_or_default()
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
        Self { url: format!("http://{address}/api/v1/write"), client: reqwest::Client::new() }
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
