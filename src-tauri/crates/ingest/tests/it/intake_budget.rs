//! Attacks on the memory of the receivers.
//!
//! The memory in use stays within the budget and what the store needs. Asserted only under nextest,
//! which runs each test in a process of its own.

use std::time::Duration;

use axum::body::Body;
use axum::http;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::InstrumentationScope,
    metrics::v1::{
        ExponentialHistogram, ExponentialHistogramDataPoint, Metric,
        exponential_histogram_data_point::Buckets, metric::Data,
    },
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use reqwest::{Response, header};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};
use tonic::Code;

use crate::{
    MEMORY,
    receiver::{Receiver, gzip, log, logs, metrics, now, scope, span, text, traces, within},
    write_requests::{self, BucketSpan, NativeHistogram, V1, WriteRequest, first},
};

/// Memory that the receivers, the client and the store may take during an attack.
const MAX_BYTES: usize = 256 << 20;

/// Runs an attack and asserts that the memory it takes is bounded.
async fn bounded<T>(attack: impl Future<Output = T>) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let outcome = attack.await;
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let is_alone = std::env::var_os("NEXTEST").is_some();
    assert!(!is_alone || taken < MAX_BYTES, "{} MiB of memory", taken >> 20);
    outcome
}

async fn post(receiver: &Receiver, path: &str, content_type: &str, compressed: &[u8]) -> Response {
    let request = tls::http_client()
        .post(receiver.url(path))
        .header(header::CONTENT_TYPE, content_type)
        .header(header::CONTENT_ENCODING, "gzip")
        .body(compressed.to_vec());
    within("an answer", request.send()).await.unwrap()
}

/// Sends the same small request four times at once. Returns the statuses.
async fn four_times(receiver: &Receiver, path: &str, content_type: &str, body: &[u8]) -> [u16; 4] {
    let compressed = gzip(body);
    assert!(compressed.len() < 100_000, "a small request: {} bytes", compressed.len());
    let send = || async { post(receiver, path, content_type, &compressed).await.status().as_u16() };
    tokio::join!(send(), send(), send(), send()).into()
}

/// Asserts that requests at once were refused: as too large, or because others take the memory.
fn assert_refused(statuses: &[u16]) {
    assert!(statuses.iter().all(|status| matches!(status, 413 | 503)), "{statuses:?}");
    assert!(statuses.contains(&413), "{statuses:?}");
}

/// Begins a request and sends `sent` bytes of its body, which has more.
async fn incomplete(receiver: &Receiver, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(receiver.http).await.unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {}\r\n\r\n",
        receiver.http,
        32 << 20
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![0; 64 << 10];
    for _ in 0..sent / chunk.len() {
        stream.write_all(&chunk).await.unwrap();
    }
    stream.write_all(&chunk[..sent % chunk.len()]).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_are_bounded_together_and_leave_room_for_others() {
    let receiver = Receiver::start().await;
    let attack = async {
        let mut open = Vec::new();
        for _ in 0..40 {
            open.push(within("an incomplete body", incomplete(&receiver, 24 << 20)).await);
        }
        let good = gzip(&logs(vec![log("good")]).encode_to_vec());
        let answer = post(&receiver, "/v1/logs", "application/x-protobuf", &good).await;
        assert_eq!(answer.status(), 200);
    };
    bounded(attack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_retry_when_the_budget_is_taken() {
    let receiver = Receiver::start().await;
    receiver.budget.set_limit(16 << 20);
    let open = within("an incomplete body", incomplete(&receiver, (6 << 20) + 1)).await;
    // Beyond 6 MiB the last byte has its space, so that it takes no more. The connection has
    // 32 KiB, and its headers a block.
    let until = async {
        while receiver.budget.taken() <= (6 << 20) + (48 << 10) {
            tokio::task::yield_now().await;
        }
    };
    within("its bytes", until).await;
    let body = logs(vec![log(&"x".repeat(3 << 19))]);
    let request = tls::http_client()
        .post(receiver.url("/v1/logs"))
        .header(header::CONTENT_TYPE, "application/x-protobuf")
        .body(body.encode_to_vec());
    let answer = within("an answer", request.send()).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[header::RETRY_AFTER]),
        (503, &"1".parse().unwrap())
    );
    let status = crate::grpc::export_logs(&receiver, body.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let details = tonic_types::StatusExt::get_error_details(&status);
    let delay = details.retry_info().and_then(|info| info.retry_delay);
    assert_eq!(delay, Some(Duration::from_secs(1)));
    assert_eq!(receiver.counters.over_budget(), 2);
    drop(open);
    let until = async {
        while crate::grpc::export_logs(&receiver, body.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    within("the bytes are given back", until).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_counted_before_they_are_allocated() {
    let receiver = Receiver::start().await;
    let positive = Some(Buckets { offset: 0, bucket_counts: vec![0; 30 << 20] });
    let point = ExponentialHistogramDataPoint { time_unix_nano: now(), positive, ..Default::default() };
    let histogram = ExponentialHistogram { data_points: vec![point], ..Default::default() };
    let metric =
        Metric { name: "h".into(), data: Some(Data::ExponentialHistogram(histogram)), ..Default::default() };
    let body = metrics(vec![metric]).encode_to_vec();
    let attack = four_times(&receiver, "/v1/metrics", "application/x-protobuf", &body);
    assert_refused(&bounded(attack).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_counted_as_it_is_read() {
    let receiver = Receiver::start().await;
    let logs = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#,
        vec![r#"{"body":{}}"#; 600_000].join(",")
    );
    let counts = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"h","histogram":{{"dataPoints":[{{"bucketCounts":[{}]}}]}}}}]}}]}}]}}"#,
        vec!["1"; 8 << 20].join(",")
    );
    let attack = async {
        let logs = four_times(&receiver, "/v1/logs", "application/json", logs.as_bytes()).await;
        (logs, four_times(&receiver, "/v1/metrics", "application/json", counts.as_bytes()).await)
    };
    let (logs, counts) = bounded(attack).await;
    assert_refused(&logs);
    assert_refused(&counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_scope_attributes_are_counted() {
    let receiver = Receiver::start().await;
    let scope = InstrumentationScope {
        attributes: (0..3).map(|number| text(&number.to_string(), &"x".repeat(65_000))).collect(),
        ..scope().unwrap()
    };
    let spans = vec![span(1); 20_000];
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }];
    let group = ResourceSpans { scope_spans, ..ResourceSpans::default() };
    let body = ExportTraceServiceRequest { resource_spans: vec![group] }.encode_to_vec();
    let compressed = gzip(&body);
    let attack = post(&receiver, "/v1/traces", "application/x-protobuf", &compressed);
    assert_eq!(bounded(attack).await.status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_write_counts_lists_and_buckets() {
    let receiver = write_requests::Receiver::start().await;
    let time = (now() / 1_000_000) as i64;
    let histogram = |number: i64| NativeHistogram {
        sum: 2.0,
        schema: 8,
        positive_spans: vec![BucketSpan { offset: 0, length: 1 }, BucketSpan { offset: 4_000, length: 1 }],
        positive_deltas: vec![1, 0],
        timestamp: time - number,
        ..NativeHistogram::default()
    };
    let mut bombs = first(&[("__name__", "bombs")], &[]);
    bombs.histograms = (0..20_000).map(histogram).collect();
    let buckets = WriteRequest { series: vec![bombs], metadata: vec![] }.encode_to_vec();
    // A series of 30 million samples without a value and a time.
    let mut samples = vec![0x0a];
    prost::encoding::encode_varint(60 << 20, &mut samples);
    samples.extend([0x12, 0].repeat(30 << 20));
    let attack = async {
        let send = |message: &[u8]| {
            let message = message.to_vec();
            async { receiver.send(V1, message).await.status().as_u16() }
        };
        let buckets = tokio::join!(send(&buckets), send(&buckets), send(&buckets), send(&buckets));
        (buckets, send(&samples).await)
    };
    let (buckets, samples) = bounded(attack).await;
    assert_refused(&<[u16; 4]>::from(buckets));
    assert_eq!(samples, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_batches_are_far_from_the_limit() {
    let receiver = Receiver::start().await;
    let attributes: Vec<_> = (0..12).map(|number| text(&format!("key.{number}"), "a value")).collect();
    let spans: Vec<Span> = (0..5_000).map(|_| Span { attributes: attributes.clone(), ..span(1) }).collect();
    let body = gzip(&traces(spans).encode_to_vec());
    assert_eq!(post(&receiver, "/v1/traces", "application/x-protobuf", &body).await.status(), 200);
    let connection = 32 << 10;
    assert!(receiver.budget.taken() <= connection, "given back before the answer");
}

/// Begins requests with long headers, whose bodies never come, on one HTTP/2 connection.
async fn long_headers(receiver: &Receiver, requests: usize) -> JoinSet<http::HeaderMap> {
    let stream = within("a connection", TcpStream::connect(receiver.grpc)).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move {
        // Ends when the receiver closes it.
        let _ = connection.await;
        http::HeaderMap::new()
    });
    for _ in 0..requests {
        let request =
            http::Request::post("http://localhost/opentelemetry.proto.collector.logs.v1.LogsService/Export")
                .header(header::CONTENT_TYPE, "application/grpc")
                .header("x-long", "x".repeat(12 << 10))
                .body(Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>()))
                .unwrap();
        within("a free stream", sender.ready()).await.unwrap();
        let answer = sender.send_request(request);
        running.spawn(async move { answer.await.map(|answer| answer.headers().clone()).unwrap_or_default() });
    }
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_many_streams_are_in_the_budget() {
    const LIMIT: usize = 4 << 20;
    let receiver = Receiver::start().await;
    receiver.budget.set_limit(LIMIT);
    let attack = async {
        let mut open = Vec::new();
        for _ in 0..10 {
            open.push(long_headers(&receiver, 60).await);
        }
        let refused = async {
            loop {
                let first = open[9].join_next().await.unwrap().unwrap();
                if !first.is_empty() {
                    return first;
                }
            }
        };
        let refused = within("a refusal", refused).await;
        assert_eq!(refused["grpc-status"], "14", "{refused:?}");
        assert!(receiver.budget.taken() <= LIMIT, "{:?}", receiver.budget);
        assert!(receiver.counters.over_budget() > 0);
    };
    bounded(attack).await;
    let until = async {
        while crate::grpc::export_logs(&receiver, logs(vec![log("good")])).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    within("the memory is given back", until).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_beyond_their_limit_are_refused() {
    let receiver = Receiver::start().await;
    let request = tls::http_client()
        .post(receiver.url("/v1/logs"))
        .header(header::CONTENT_TYPE, "application/x-protobuf")
        .header("x-long", "x".repeat(17 << 10))
        .body(logs(vec![log("long")]).encode_to_vec());
    let answer = within("an answer", request.send()).await.unwrap();
    assert_eq!(answer.status(), 431);
}
