//! Random bodies of the protobuf format.

use prost::Message;
use rand::{Rng, rngs::StdRng};

/// Returns families with random values, in the ranges that parsers fail on.
pub(crate) fn protobuf(random: &mut StdRng) -> Vec<u8> {
    let families: Vec<MetricFamily> = (0..random.random_range(1..5))
        .map(|number| MetricFamily {
            name: Some(format!("family_{number}")),
            help: Some("help".into()),
            // Most have the type that they declare.
            kind: Some(if random.random_bool(0.8) { 4 } else { random.random_range(-1..7) }),
            metric: (0..random.random_range(0..4)).map(|_| metric(random)).collect(),
            unit: random.random_bool(0.2).then(|| "seconds".into()),
        })
        .collect();
    body(&families)
}

/// Encodes messages with their lengths before them.
pub(crate) fn body(families: &[MetricFamily]) -> Vec<u8> {
    families.iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

/// Returns a metric that is a gauge and a histogram.
pub(crate) fn metric(random: &mut StdRng) -> Metric {
    Metric {
        label: vec![Pair { name: Some("a".into()), value: Some(random.random_range(0..3).to_string()) }],
        gauge: Some(Number { value: Some(random.random()) }),
        timestamp_ms: random.random_bool(0.2).then(|| random.random()),
        histogram: Some(histogram(random)),
    }
}

fn histogram(random: &mut StdRng) -> Histogram {
    let lengths: Vec<u32> = (0..random.random_range(0..4)).map(|_| random.random_range(0..4)).collect();
    let all: u32 = lengths.iter().sum();
    let wide = random.random_bool(0.1);
    let spans = lengths.iter().map(|length| {
        let offset = if wide { random.random_range(-100..20_000) } else { random.random_range(0..5) };
        BucketSpan { offset: Some(offset), length: Some(*length) }
    });
    let positive_span = spans.collect();
    let damaged = random.random_range(0..20) == 0;
    Histogram {
        sample_count: Some(random.random_range(0..1000)),
        sample_sum: Some(random.random()),
        schema: Some(if damaged { random.random() } else { random.random_range(-4..9) }),
        zero_threshold: random.random_bool(0.5).then(|| random.random()),
        zero_count: Some(random.random_range(0..3)),
        positive_span,
        positive_delta: (0..all + u32::from(damaged)).map(|_| random.random_range(0..3)).collect(),
        bucket: (0..random.random_range(0..3))
            .map(|_| Bucket {
                cumulative_count: Some(random.random_range(0..9)),
                upper_bound: Some(random.random()),
            })
            .collect(),
    }
}

// The messages of io.prometheus.client, with the fields that tests damage.

#[derive(Clone, PartialEq, Message)]
pub(crate) struct MetricFamily {
    #[prost(string, optional, tag = "1")]
    pub(crate) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) help: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) kind: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) metric: Vec<Metric>,
    #[prost(string, optional, tag = "5")]
    pub(crate) unit: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Metric {
    #[prost(message, repeated, tag = "1")]
    pub(crate) label: Vec<Pair>,
    #[prost(message, optional, tag = "2")]
    pub(crate) gauge: Option<Number>,
    #[prost(int64, optional, tag = "6")]
    pub(crate) timestamp_ms: Option<i64>,
    #[prost(message, optional, tag = "7")]
    pub(crate) histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Pair {
    #[prost(string, optional, tag = "1")]
    pub(crate) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Number {
    #[prost(double, optional, tag = "1")]
    pub(crate) value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub(crate) sample_sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) bucket: Vec<Bucket>,
    #[prost(sint32, optional, tag = "5")]
    pub(crate) schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    pub(crate) zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    pub(crate) zero_count: Option<u64>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) positive_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "13")]
    pub(crate) positive_delta: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Bucket {
    #[prost(uint64, optional, tag = "1")]
    pub(crate) cumulative_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub(crate) upper_bound: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BucketSpan {
    #[prost(sint32, optional, tag = "1")]
    pub(crate) offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    pub(crate) length: Option<u32>,
}
