//! Good bodies and files of every format, and ways to damage them.

use prost::Message;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

pub(crate) const TEXT: &str = "# HELP requests_total Requests, \\\\ and \\n\n# TYPE requests_total counter\n\
    requests_total{method=\"post\",code=\"200\"} 1027 1790000000000\n\
    requests_total{method=\"get\",path=\"a\\\"b\\\\c\\n\"} 3 1790000000000\n\
    # TYPE took_seconds histogram\ntook_seconds_bucket{le=\"0.1\"} 2 1790000000000\n\
    took_seconds_bucket{le=\"+Inf\"} 3 1790000000000\ntook_seconds_sum 4.5 1790000000000\n\
    took_seconds_count 3 1790000000000\n# TYPE rpc summary\nrpc{quantile=\"0.5\"} 4773 1790000000000\n\
    rpc_sum 1.7e+07 1790000000000\nrpc_count 2693 1790000000000\n{\"http.größe\", \"a b\"=\"1\"} NaN 1790000000000\n\
    something_weird{problem=\"division by zero\"} +Inf 1790000000000\n";

pub(crate) const OPENMETRICS: &str = "# TYPE foo counter\n# HELP foo Help \\n text\n\
    foo_total{a=\"b\"} 17.0 1790000000.25 # {trace_id=\"0123456789abcdef0123456789abcdef\"} 0.5 1790000000.1\n\
    foo_created{a=\"b\"} 1780000000.0 1790000000.25\n# TYPE bar_seconds histogram\n# UNIT bar_seconds seconds\n\
    bar_seconds_bucket{le=\"1.0\"} 1 1790000000 # {span_id=\"x\"} 0.67\nbar_seconds_bucket{le=\"+Inf\"} 2 1790000000\n\
    bar_seconds_count 2 1790000000\nbar_seconds_sum 3.5 1790000000\n# TYPE s stateset\ns{s=\"a\"} 1 1790000000\n\
    # TYPE i info\ni_info{v=\"1\"} 1 1790000000\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 4 1790000000\n\
    g_gcount 4 1790000000\ng_gsum 5 1790000000\n# EOF\n";

pub(crate) const CSV: &str = "time,metric,kind,unit,service,value,count,sum,bucket_bounds,bucket_counts,tags\n\
    2026-01-01 00:00:00.5,m,gauge,s,shop,1.5,,,,,\"{\"\"a\"\":\"\"b\"\",\"\"n\"\":[1,{\"\"x\"\":true}]}\"\n\
    1790000000,c,counter,,shop,3,,,,,{}\n1790000000.25,\"q, \"\"x\"\"\ny\",,,,NaN,,,,,\n\
    2026-01-01T00:00:00Z,h,histogram,s,shop,,6,1.5,\"[0.1,1]\",\"[1,2,3]\",{}\n";

/// Changes bytes, stretches, lengths and order, and puts in what formats trip over.
pub(crate) fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    const WORDS: [&[u8]; 16] = [
        b"NaN",
        b"\0",
        b"-9223372036854775808",
        b"1e400",
        b"{",
        b"\"",
        b"\\",
        b"# EOF\n",
        b"# TYPE requests_total histogram\n",
        b"le=\"1\"",
        b"\xff\xfe",
        b"\r\n",
        b"9999999999999999999",
        &[0x80, 0x80, 0x80, 0x80, 0x10],
        &[0xff; 9],
        b"[[[[[[[[",
    ];
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            bytes.push(random.random());
        }
        let place = random.random_range(0..bytes.len());
        match random.random_range(0..8) {
            0 => bytes[place] = random.random(),
            1 => bytes[place] ^= 1 << random.random_range(0..8),
            2 if random.random_bool(0.3) => bytes.truncate(place),
            3 => bytes.insert(place, random.random()),
            4 => {
                let end = random.random_range(place..bytes.len().min(place + 200));
                let piece = bytes[place..end].to_vec();
                for _ in 0..random.random_range(1..20) {
                    bytes.splice(place..place, piece.iter().copied());
                }
            }
            5 => drop(bytes.drain(place..random.random_range(place..bytes.len().min(place + 100)))),
            6 => {
                // A line goes elsewhere.
                let line =
                    bytes[place..].split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
                drop(bytes.drain(place..place + line.len()));
                let elsewhere = random.random_range(0..=bytes.len());
                bytes.splice(elsewhere..elsewhere, line);
            }
            _ => {
                let word = WORDS.choose(random).copied().unwrap_or_default();
                bytes.splice(place..place, word.iter().copied());
            }
        }
    }
}

/// Families with random values, in the ranges where readers go wrong.
pub(crate) fn protobuf(random: &mut StdRng) -> Vec<u8> {
    let families: Vec<MetricFamily> = (0..random.random_range(1..5))
        .map(|number| MetricFamily {
            name: Some(format!("family_{number}")),
            help: Some("help".into()),
            // Most are what they say they are.
            kind: Some(if random.random_bool(0.8) { 4 } else { random.random_range(-1..7) }),
            metric: (0..random.random_range(0..4)).map(|_| metric(random)).collect(),
            unit: random.random_bool(0.2).then(|| "seconds".into()),
        })
        .collect();
    body(&families)
}

/// Messages with their lengths before them.
pub(crate) fn body(families: &[MetricFamily]) -> Vec<u8> {
    families.iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

fn metric(random: &mut StdRng) -> Metric {
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

/// Long files of 400 good samples with a lot of text.
pub(crate) fn spaced() -> Vec<(&'static str, String)> {
    let value = "x".repeat(100_000);
    let times = 0..400_u64;
    let text = times.clone().map(|n| format!("m{n}{{a=\"{value}\"}} 1 1790000000{n:03}\n")).collect();
    let mut open: String = times.clone().map(|n| format!("m{{a=\"{value}{n}\"}} 1 1790000000\n")).collect();
    open.push_str("# EOF\n");
    let rows: String = times.clone().map(|n| format!("{},m,1,{value}{n}\n", 1_790_000_000 + n)).collect();
    let types: String = times.map(|n| format!("# TYPE m{n} {value}\nm{n} 1 1790000000000\n")).collect();
    vec![
        ("text", text),
        ("OpenMetrics", open),
        ("CSV", format!("time,metric,value,a\n{rows}")),
        ("types", types),
    ]
}

// The messages of io.prometheus.client, as far as they are damaged here.

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
