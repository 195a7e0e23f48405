//! The official OpenTelemetry SDKs deliver over each of their protocols, and the store contains
//! their data.

use std::time::Duration;

use model::{
    Attributes, Buckets, Filter, MetricKind, SamplesRequest, Severity, SpanKind, SpanStatus, Temporality,
    TimeRange, Timestamp, TraceId,
};
use runtime::Clock;
use serde_json::Value;
use store::{Commit, Store};
use test_support::clients::{Language, client};
use tokio::{process::Command, sync::broadcast};

use crate::receiver::{Protocol, Receiver};

/// Time limit of a client, whose first run installs packages.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(600);

struct Received {
    store: Store,
    commits: broadcast::Receiver<Commit>,
    /// The client's report of its data.
    sent: Value,
    range: TimeRange,
    service: String,
}

impl Received {
    fn identifier(&self, name: &str) -> &str {
        self.sent[name].as_str().unwrap()
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// Runs a client against new listeners and checks the stored data.
async fn deliver(language: Language, protocol: &str, compression: &str) {
    let protocol_served = if protocol == "grpc" { Protocol::OtlpGrpc } else { Protocol::OtlpHttp };
    let receiver = Receiver::start(protocol_served).await;
    let commits = receiver.store.subscribe();
    let (script, name) = match language {
        Language::Python => ("otlp.py", "python"),
        Language::JavaScript => ("otlp.mjs", "javascript"),
    };
    let command = tokio::task::spawn_blocking(move || client(language, script)).await.unwrap().unwrap();
    let start = now();
    let mut command = Command::from(command);
    command.args([protocol, compression, &receiver.url()]).kill_on_drop(true);
    let output = tokio::time::timeout(INSTALL_TIMEOUT, command.output()).await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let sent = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let range = TimeRange::new(start, now().offset(1));
    let service = format!("{name}-{protocol}-{compression}");
    let mut received = Received { store: receiver.store.clone(), commits, sent, range, service };
    check_spans(&received).await;
    check_logs(&received).await;
    check_metrics(&mut received).await;
    let counters = &receiver.counters;
    let (_, refused, _) = counters.snapshot();
    assert_eq!((refused, counters.rejected_records(), counters.trimmed_attributes()), (0, 0, 0), "{errors}");
    receiver.stop().await;
}

/// Returns attributes as JSON, without the flags that only some SDKs send.
fn without_flags(attributes: &Attributes) -> String {
    let mut attributes = attributes.clone();
    attributes.0.remove("otel.flags");
    attributes.to_json()
}

async fn check_spans(received: &Received) {
    let id: TraceId = received.identifier("trace_id").parse().unwrap();
    let trace = received.store.traces().trace(id, 100).await.unwrap().unwrap();
    assert_eq!(trace.spans.len(), 2);
    // JavaScript's clock ticks in milliseconds, so both may start at the same time.
    let named = |name: &str| trace.spans.iter().find(|span| span.name == name).unwrap();
    let (parent, child) = (named("parent"), named("child"));
    assert_eq!(parent.span_id.to_string(), received.identifier("parent"));
    assert_eq!(
        (parent.parent_span_id, parent.kind, parent.status),
        (None, SpanKind::Server, SpanStatus::Unset)
    );
    assert_eq!(parent.service, received.service);
    assert_eq!(parent.resource.text("service.version"), Some("1.2.3"));
    assert!(parent.scope.contains("client.scope"), "{}", parent.scope);
    assert_eq!(
        without_flags(&parent.attributes),
        r#"{"cached":true,"http.request.method":"GET","items":7,"ratio":0.25,"tags":["a","b"]}"#
    );
    assert_eq!((parent.events.len(), parent.events[0].name.as_str()), (1, "cache miss"));
    assert_eq!(parent.events[0].attributes.text("key"), Some("k"));
    let link = &parent.links[0];
    assert_eq!(link.trace_id.to_string(), received.identifier("earlier_trace"));
    assert_eq!(link.span_id.to_string(), received.identifier("earlier"));
    assert_eq!(link.attributes.text("why"), Some("before"));
    assert!(received.range.contains(parent.start) && parent.duration > 0);

    assert_eq!(child.span_id.to_string(), received.identifier("child"));
    assert_eq!(child.parent_span_id, Some(parent.span_id));
    assert_eq!(
        (child.kind, child.status, child.status_message.as_str()),
        (SpanKind::Client, SpanStatus::Error, "broken")
    );
    assert_eq!(child.events[0].name, "exception");
    assert_eq!(child.events[0].attributes.text("exception.type"), Some("TypeError"));
    assert_eq!(child.events[0].attributes.text("exception.message"), Some("no such item"));
    assert_eq!(received.store.admin().statistics().await.unwrap().spans, 3);
}

async fn check_logs(received: &Received) {
    let (mut lines, _) =
        received.store.logs().search(&Filter::everything(), received.range, 100, None).await.unwrap();
    lines.sort_by_key(|line| line.severity);
    assert_eq!(lines.len(), 2);
    let (structured, low) = (&lines[0], &lines[1]);
    assert_eq!((low.severity, low.severity_text.as_str()), (Severity::WARN, "WARN"));
    assert_eq!(
        (low.body.as_str(), low.service.as_str()),
        ("stock of item 7 is low", received.service.as_str())
    );
    assert_eq!(without_flags(&low.attributes), r#"{"item":7,"place":"Zürich ☂"}"#);
    assert_eq!(low.trace_id.unwrap().to_string(), received.identifier("trace_id"));
    assert_eq!(low.span_id.unwrap().to_string(), received.identifier("child"));
    assert_eq!((structured.severity, structured.trace_id), (Severity::INFO, None));
    assert_eq!(structured.body, r#"{"action":"restock","amount":12}"#);
}

async fn check_metrics(received: &mut Received) {
    let expected = [
        ("client.requests", MetricKind::Counter, "{request}", 3.0, Some("/a")),
        ("client.level", MetricKind::Counter, "", 3.0, None),
        ("client.temperature", MetricKind::Gauge, "Cel", 21.5, None),
    ];
    for (metric, kind, unit, value, route) in expected {
        let found = received.store.metrics().kind(metric).await.unwrap();
        assert_eq!(found, Some((kind, unit.to_owned())), "{metric}");
        let request = SamplesRequest {
            metric: metric.to_owned(),
            matchers: Vec::new(),
            range: received.range,
            limit: 100,
        };
        let series = received.store.metrics().samples(&request).await.unwrap();
        assert_eq!(series.len(), 1, "{metric}");
        assert_eq!(series[0].values, [value], "{metric}");
        assert_eq!(series[0].labels.get("service.name"), Some(&received.service), "{metric}");
        assert_eq!(series[0].labels.get("route").map(String::as_str), route, "{metric}");
    }
    assert_eq!(
        received.store.metrics().kind("client.duration").await.unwrap(),
        Some((MetricKind::Histogram, "s".into()))
    );
    assert_eq!(
        received.store.metrics().kind("client.size").await.unwrap(),
        Some((MetricKind::ExponentialHistogram, "By".into()))
    );
    let mut checked = 0;
    while let Ok(commit) = received.commits.try_recv() {
        for batch in commit.telemetry {
            for point in &batch.histograms {
                let (_, series) = batch.series.iter().find(|(id, _)| *id == point.series).unwrap();
                assert_eq!(
                    (series.temporality, series.scope.name.as_str()),
                    (Temporality::Cumulative, "client.scope")
                );
                assert_eq!((point.count, point.min, point.max), (3, Some(0.1), Some(7.0)));
                assert!((point.sum.unwrap() - 7.3).abs() < 1e-9);
                match &point.buckets {
                    Buckets::Explicit { bounds, counts } => {
                        assert_eq!(
                            (bounds.as_slice(), counts.as_slice()),
                            (&[0.15, 1.0][..], &[1, 1, 1][..])
                        );
                    }
                    Buckets::Exponential { positive, zero_count, .. } => {
                        assert_eq!((positive.iter().sum::<u64>(), *zero_count), (3, 0));
                    }
                    Buckets::Quantiles(_) => panic!("a summary was not sent"),
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 2);
}

macro_rules! deliveries {
    ($($test:ident: $language:ident, $protocol:literal, $compression:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            deliver(Language::$language, $protocol, $compression).await;
        })*
    };
}

deliveries! {
    python_over_grpc: Python, "grpc", "none";
    python_over_grpc_with_gzip: Python, "grpc", "gzip";
    python_over_http_with_protobuf: Python, "protobuf", "none";
    python_over_http_with_protobuf_and_gzip: Python, "protobuf", "gzip";
    javascript_over_grpc: JavaScript, "grpc", "none";
    javascript_over_grpc_with_gzip: JavaScript, "grpc", "gzip";
    javascript_over_http_with_protobuf: JavaScript, "protobuf", "none";
    javascript_over_http_with_protobuf_and_gzip: JavaScript, "protobuf", "gzip";
    javascript_over_http_with_json: JavaScript, "json", "none";
    javascript_over_http_with_json_and_gzip: JavaScript, "json", "gzip";
}
