//! Mutated messages of every wire format.
//!
//! Every message is stored or rejected within bounded memory, nothing panics, and the next valid
//! message is stored. The seed is fixed. `BINNACLE_FUZZ_ROUNDS` sets the number of rounds and
//! `BINNACLE_FUZZ_SEED` another seed.

use runtime::{Clock, HealthReporter};
use std::{collections::BTreeMap, time::Duration};

use ingest::{StatsdOptions, StatsdSocket, serve_statsd};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, metric::Data, number_data_point,
};
use prost::Message;
use rand::{Rng, SeedableRng, rngs::StdRng};
use test_support::wait::wait_until;
use tokio::{net::UdpSocket, sync::Mutex};

use crate::{
    MEMORY,
    receiver::{self, log, logs, metrics, now, span, traces, within},
    write_requests::*,
};

/// Serializes the tests of this module, because memory is counted for the whole process.
static SERIAL: Mutex<()> = Mutex::const_new(());

/// Memory that one message may take from the sender to the writer, regardless of its size.
const MAX_FIXED_BYTES: usize = 2 << 20;
/// Memory that one message may take per byte of its size.
///
/// A point of a few bytes becomes a series with a dozen fields, which is copied several times.
const MAX_BYTES_PER_BYTE: usize = 300;

/// Returns the memory in use, and its peak since the last call.
fn memory() -> (usize, usize) {
    let (now, peak) = (MEMORY.current_usage(), MEMORY.peak_usage());
    MEMORY.reset_peak_usage();
    (now, peak)
}

/// Returns the memory taken since `before`, and asserts that a message of `length` may take it.
///
/// Asserts only under nextest, which runs each test in a process of its own.
fn bounded(before: usize, length: usize, subject: &dyn std::fmt::Display) -> usize {
    let used = memory().1.saturating_sub(before);
    let is_alone = std::env::var_os("NEXTEST").is_some();
    assert!(
        !is_alone || used <= MAX_FIXED_BYTES + MAX_BYTES_PER_BYTE * length,
        "{subject}: {used} bytes of memory for {length} bytes"
    );
    used
}

const ROUNDS: u32 = 1500;
const SEED: u64 = 20_261_122;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn rounds() -> u32 {
    variable("BINNACLE_FUZZ_ROUNDS", ROUNDS.into()) as u32
}

fn random(stream: u64) -> StdRng {
    StdRng::seed_from_u64(variable("BINNACLE_FUZZ_SEED", SEED) ^ stream)
}

/// Changes bytes, ranges, lengths and order.
fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            bytes.push(random.random());
        }
        let place = random.random_range(0..bytes.len());
        match random.random_range(0..8) {
            0 => bytes[place] = random.random(),
            1 => bytes[place] ^= 1 << random.random_range(0..8),
            2 => bytes.truncate(place),
            3 => bytes.insert(place, random.random()),
            4 => {
                let end = random.random_range(place..bytes.len().min(place + 40));
                let piece = bytes[place..end].to_vec();
                let times = random.random_range(1..20);
                for _ in 0..times {
                    bytes.splice(place..place, piece.iter().copied());
                }
            }
            5 => drop(bytes.drain(place..random.random_range(place..bytes.len()))),
            6 => bytes.splice(place..place, [0xff; 9]).for_each(drop),
            _ => {
                let words: [&[u8]; 6] = [
                    &[0x7f],
                    &[0x80, 0x80, 0x80, 0x80, 0x10],
                    b"NaN",
                    b"\0",
                    b"-9223372036854775808",
                    b"1e400",
                ];
                bytes.splice(place..place, words[random.random_range(0..6)].iter().copied());
            }
        }
    }
}

fn histogram(random: &mut StdRng) -> NativeHistogram {
    if random.random_bool(0.8) {
        return NativeHistogram {
            sum: 2.0,
            schema: 3,
            positive_spans: vec![BucketSpan { offset: -1, length: 2 }],
            positive_deltas: vec![1, 1],
            timestamp: (now() / 1_000_000) as i64,
            ..NativeHistogram::default()
        };
    }
    NativeHistogram {
        count: Some(random.random_range(0..9)),
        sum: random.random(),
        schema: random.random_range(-54..10),
        positive_spans: (0..random.random_range(0..4))
            .map(|_| BucketSpan { offset: random.random_range(-9..9), length: random.random_range(0..5) })
            .collect(),
        positive_deltas: (0..random.random_range(0..8)).map(|_| random.random_range(-2..9)).collect(),
        custom_values: (0..random.random_range(0..4)).map(|_| random.random()).collect(),
        timestamp: (now() / 1_000_000) as i64,
        ..NativeHistogram::default()
    }
}

fn first_request(random: &mut StdRng) -> Vec<u8> {
    let time = (now() / 1_000_000) as i64;
    let late = if random.random_bool(0.9) { time - 60_000 } else { random.random() };
    let mut series =
        first(&[("__name__", "fuzz_total"), ("job", "fuzz")], &[(time, random.random()), (late, 1.0)]);
    series.histograms.push(histogram(random));
    series.exemplars.push(FirstExemplar {
        labels: vec![Label { name: "trace_id".into(), value: "ab".repeat(16) }],
        value: 1.0,
        timestamp: time,
    });
    let metadata = vec![MetricMetadata {
        kind: random.random_range(0..9),
        metric_family_name: "fuzz".into(),
        help: "h".into(),
        unit: "s".into(),
    }];
    WriteRequest { series: vec![series.clone(), series], metadata }.encode_to_vec()
}

fn second_request(random: &mut StdRng) -> Vec<u8> {
    let mut symbols = Symbols::default();
    let time = (now() / 1_000_000) as i64;
    let mut series = SecondSeries {
        labels_refs: symbols.labels(&[("__name__", "fuzz_two"), ("job", "fuzz")]),
        samples: vec![SecondSample {
            value: random.random(),
            timestamp: time,
            start_timestamp: random.random(),
        }],
        histograms: vec![histogram(random)],
        exemplars: vec![SecondExemplar {
            labels_refs: symbols.labels(&[("a", "b")]),
            value: 1.0,
            timestamp: time,
        }],
        metadata: Some(SecondMetadata { kind: random.random_range(0..9), help_ref: 1, unit_ref: 2 }),
        created_timestamp: random.random(),
    };
    if random.random_bool(0.3) {
        series.labels_refs.push(random.random());
    }
    SecondRequest { symbols: symbols.texts(), timeseries: vec![series.clone(), series] }.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_write_survives_mutated_messages() {
    let _serial = SERIAL.lock().await;
    let receiver = Receiver::start().await;
    let client = tls::http_client();
    let mut random = random(1);
    let mut answers: BTreeMap<u16, u32> = BTreeMap::new();
    let mut most = 0;
    for round in 0..rounds() {
        let second = random.random_bool(0.5);
        let mut message = if second { second_request(&mut random) } else { first_request(&mut random) };
        // Damage to the message, to the packed form, or none.
        let damage = random.random_range(0..10);
        if damage < 7 {
            mutate(&mut message, &mut random);
        }
        let mut body = compress(&message);
        if (7..9).contains(&damage) {
            mutate(&mut body, &mut random);
        }
        // The wrong message for the type now and then.
        let content_type = if second == random.random_bool(0.95) { V2 } else { V1 };
        let request =
            client.post(receiver.url("/api/v1/write")).header("content-type", content_type).body(body);
        let before = memory().0;
        let status = within("an answer", request.send()).await.unwrap().status().as_u16();
        most = most.max(bounded(before, message.len(), &format_args!("round {round}")));
        assert!(matches!(status, 204 | 400 | 413), "round {round} got {status}");
        *answers.entry(status).or_default() += 1;
        if round % 250 == 0 {
            let good = WriteRequest {
                series: vec![first(&[("__name__", "good")], &[((now() / 1_000_000) as i64, 1.0)])],
                metadata: vec![],
            };
            assert_eq!(receiver.send(V1, good.encode_to_vec()).await.status(), 204, "after round {round}");
        }
    }
    println!("{answers:?}, at most {most} bytes of memory for one");
    assert!(answers.len() > 1, "some are good and some are not: {answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_survives_mutated_messages() {
    let _serial = SERIAL.lock().await;
    let receiver = receiver::Receiver::start().await;
    let client = tls::http_client();
    let mut random = random(2);
    let gauge = || {
        let point = NumberDataPoint {
            time_unix_nano: now(),
            value: Some(number_data_point::Value::AsDouble(1.5)),
            ..Default::default()
        };
        Metric {
            name: "g".into(),
            data: Some(Data::Gauge(Gauge { data_points: vec![point] })),
            ..Default::default()
        }
    };
    let mut answers: BTreeMap<u16, u32> = BTreeMap::new();
    let mut most = 0;
    for round in 0..rounds() {
        let (path, mut body, content_type) = match random.random_range(0..5) {
            0 => ("/v1/traces", traces(vec![span(1), span(2)]).encode_to_vec(), "application/x-protobuf"),
            1 => ("/v1/logs", logs(vec![log("a"), log("b")]).encode_to_vec(), "application/x-protobuf"),
            2 => ("/v1/metrics", metrics(vec![gauge()]).encode_to_vec(), "application/x-protobuf"),
            3 => (
                "/v1/logs",
                br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"stringValue":"x"},"attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}]}]}]}]}"#.to_vec(),
                "application/json",
            ),
            _ => (
                "/v1/metrics",
                br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":"3","bucketCounts":["1","2"],"explicitBounds":[0.5]}]}}]}]}]}"#.to_vec(),
                "application/json",
            ),
        };
        if random.random_bool(0.9) {
            mutate(&mut body, &mut random);
        }
        let (length, before) = (body.len(), memory().0);
        let request = client.post(receiver.url(path)).header("content-type", content_type).body(body);
        let status = within("an answer", request.send()).await.unwrap().status().as_u16();
        most = most.max(bounded(before, length, &format_args!("round {round} of {path}")));
        assert!(matches!(status, 200 | 400 | 413), "round {round} got {status}");
        *answers.entry(status).or_default() += 1;
    }
    println!("{answers:?}, at most {most} bytes of memory for one");
    let good = client.post(receiver.url("/v1/metrics")).header("content-type", "application/x-protobuf");
    let metric = Metric { name: "after.all".into(), ..gauge() };
    let answer = good.body(metrics(vec![metric]).encode_to_vec()).send().await.unwrap();
    let kind = receiver.store.metrics().kind("after.all").await.unwrap();
    assert_eq!((answer.status().as_u16(), kind.is_some()), (200, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn statsd_survives_mutated_messages() {
    let _serial = SERIAL.lock().await;
    let receiver = receiver::Receiver::start().await;
    let socket = StatsdSocket::udp(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let address = socket.address();
    let options = StatsdOptions { interval: Duration::from_millis(200), service: String::new() };
    let (store, counters, stop) = (receiver.store.clone(), receiver.counters.clone(), receiver.stop.clone());
    let (clock, budget, reporter) = (Clock::system(), receiver.budget.clone(), HealthReporter::new("statsd"));
    let server = tokio::spawn(serve_statsd(socket, options, store, clock, counters, budget, reporter, stop));
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    sender.connect(&address).await.unwrap();
    let mut random = random(3);
    let lines = [
        "a.b:1|c|@0.1|#k:v,x:y",
        "t:3.5:4:5|ms|@0.5",
        "g:+4|g",
        "s:eve|s",
        "d:1|d|T1790000000|c:abc",
        "_e{5,4}:title|text|t:error|#a:b",
        "_sc|redis|2|#a:b|m:gone",
        "h:1e9|h",
        "ü:1|c",
    ];
    let (before, mut sent) = (memory().0, 0);
    for _ in 0..rounds() {
        let mut datagram: Vec<u8> = (0..random.random_range(1..5))
            .flat_map(|_| [lines[random.random_range(0..lines.len())].as_bytes(), b"\n"].concat())
            .collect();
        mutate(&mut datagram, &mut random);
        datagram.truncate(60_000);
        sender.send(&datagram).await.unwrap();
        sent += datagram.len();
    }
    let stored = async || {
        sender.send(b"good:1|c").await?;
        Ok(receiver.store.metrics().kind("good").await?.is_some())
    };
    wait_until("the good line is stored", stored).await.unwrap();
    println!("at most {} bytes of memory for {sent}", bounded(before, sent, &"all lines"));
    receiver.stop.cancel();
    within("the end", server).await.unwrap().unwrap();
}
