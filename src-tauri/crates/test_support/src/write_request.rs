//! The message of remote write 1.0 as senders encode it. Source: Prometheus, `prompb/remote.proto`
//! and `prompb/types.proto`.

use prost::Message;

/// `prometheus.WriteRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct WriteRequest {
    /// The series with their points.
    #[prost(message, repeated, tag = "1")]
    pub series: Vec<TimeSeries>,
    /// What is known of metrics.
    #[prost(message, repeated, tag = "3")]
    pub metadata: Vec<MetricMetadata>,
}

/// `prometheus.TimeSeries`.
#[derive(Clone, PartialEq, Message)]
pub struct TimeSeries {
    /// Sorted by name.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// Numbers.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
    /// Examples of what was measured.
    #[prost(message, repeated, tag = "3")]
    pub exemplars: Vec<Exemplar>,
    /// Native histograms.
    #[prost(message, repeated, tag = "4")]
    pub histograms: Vec<Histogram>,
}

/// `prometheus.Label`.
#[derive(Clone, PartialEq, Message)]
pub struct Label {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value.
    #[prost(string, tag = "2")]
    pub value: String,
}

impl Label {
    /// A label.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned() }
    }
}

/// `prometheus.Sample`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Sample {
    /// The number.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds since the epoch.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// `prometheus.Exemplar`.
#[derive(Clone, PartialEq, Message)]
pub struct Exemplar {
    /// What it points to.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// What was measured.
    #[prost(double, tag = "2")]
    pub value: f64,
    /// Milliseconds since the epoch.
    #[prost(int64, tag = "3")]
    pub timestamp: i64,
}

/// `prometheus.MetricMetadata`.
#[derive(Clone, PartialEq, Message)]
pub struct MetricMetadata {
    /// The number of its type.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    /// Its name.
    #[prost(string, tag = "2")]
    pub metric_family_name: String,
    /// Its description.
    #[prost(string, tag = "4")]
    pub help: String,
    /// Its unit.
    #[prost(string, tag = "5")]
    pub unit: String,
}

/// `prometheus.Histogram`, with whole counts or with broken ones.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    /// Whole number of measurements.
    #[prost(uint64, optional, tag = "1")]
    pub count: Option<u64>,
    /// The same, broken.
    #[prost(double, optional, tag = "2")]
    pub count_float: Option<f64>,
    /// Sum of the measurements.
    #[prost(double, tag = "3")]
    pub sum: f64,
    /// Resolution.
    #[prost(sint32, tag = "4")]
    pub schema: i32,
    /// Width of the zero bucket.
    #[prost(double, tag = "5")]
    pub zero_threshold: f64,
    /// Whole count of the zero bucket.
    #[prost(uint64, optional, tag = "6")]
    pub zero_count: Option<u64>,
    /// The same, broken.
    #[prost(double, optional, tag = "7")]
    pub zero_count_float: Option<f64>,
    /// Runs of buckets below zero.
    #[prost(message, repeated, tag = "8")]
    pub negative_spans: Vec<BucketSpan>,
    /// Whole counts, each less the one before.
    #[prost(sint64, repeated, tag = "9")]
    pub negative_deltas: Vec<i64>,
    /// Broken counts as they are.
    #[prost(double, repeated, tag = "10")]
    pub negative_counts: Vec<f64>,
    /// Runs of buckets above zero.
    #[prost(message, repeated, tag = "11")]
    pub positive_spans: Vec<BucketSpan>,
    /// Whole counts, each less the one before.
    #[prost(sint64, repeated, tag = "12")]
    pub positive_deltas: Vec<i64>,
    /// Broken counts as they are.
    #[prost(double, repeated, tag = "13")]
    pub positive_counts: Vec<f64>,
    /// 0 for unknown, 3 for a gauge.
    #[prost(int32, tag = "14")]
    pub reset_hint: i32,
    /// Milliseconds since the epoch.
    #[prost(int64, tag = "15")]
    pub timestamp: i64,
    /// Bounds of the buckets of schema -53.
    #[prost(double, repeated, tag = "16")]
    pub custom_values: Vec<f64>,
    /// Since when is counted, in milliseconds since the epoch (2.0 only).
    #[prost(int64, tag = "17")]
    pub start_timestamp: i64,
}

/// `prometheus.BucketSpan`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct BucketSpan {
    /// Buckets between the run before and this one, or the first one's index.
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    /// Number of buckets.
    #[prost(uint32, tag = "2")]
    pub length: u32,
}

impl WriteRequest {
    /// The message in Snappy's block format, as it is sent.
    pub fn packed(&self) -> Vec<u8> {
        // Fails only for messages of gigabytes.
        snap::raw::Encoder::new().compress_vec(&self.encode_to_vec()).unwrap_or_default()
    }
}
