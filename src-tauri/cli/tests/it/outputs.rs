//! The output of every command on a data folder that no engine runs on.

use std::{fs, path::Path, sync::Arc};

use model::{
    Attributes, FLAGS_ATTRIBUTE, LogRecord, NANOS_PER_SECOND, Resource, Scope, Series, Severity, Span,
    SpanEvent, SpanId, SpanKind, SpanLink, SpanRow, SpanStatus, TelemetryBatch, Timestamp, TraceId,
};
use runtime::Clock;
use store::{Store, StoreOptions};

use crate::terminal::{assert_recorded, printed, run};

/// Stores a metric, two log records and a span of ten minutes ago.
fn fill(data: &Path) {
    let now = Clock::system().now();
    let time = now.floor(60 * NANOS_PER_SECOND).offset(-600 * NANOS_PER_SECOND);
    let shop = Arc::new(Resource::service_named("shop"));
    let mut batch = TelemetryBatch::default();
    for (place, value) in [("north", 1.0), ("south", 2.5)] {
        let series =
            Series::gauge("queue.length", "1", Arc::clone(&shop), Attributes::new().with("place", place));
        batch.add_sample(series, time, value);
    }
    for (severity, body) in
        [(Severity::INFO, "order accepted"), (Severity::ERROR, "payment \u{1b}[31mfailed")]
    {
        batch.logs.push(record(time, severity, body, &shop));
    }
    batch.spans.push(span(time, &shop));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Store::open(data, StoreOptions::default()).unwrap();
    runtime.block_on(async {
        store.write(batch).await.unwrap();
        store.close().await.unwrap();
    });
}

fn record(time: Timestamp, severity: Severity, body: &str, resource: &Arc<Resource>) -> LogRecord {
    LogRecord {
        time,
        observed_time: time,
        severity,
        severity_text: String::new(),
        body: body.to_owned(),
        resource: Arc::clone(resource),
        scope: Arc::default(),
        attributes: Attributes::new(),
        trace_id: None,
        span_id: None,
        event_name: String::new(),
    }
}

fn span(start: Timestamp, resource: &Arc<Resource>) -> Span {
    Span {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([7; 8]),
        parent_span_id: None,
        name: "POST /orders".to_owned(),
        kind: SpanKind::Server,
        start,
        duration: 1_500_000,
        status: SpanStatus::Error,
        status_message: "payment refused".to_owned(),
        trace_state: "vendor=7".to_owned(),
        resource: Arc::clone(resource),
        scope: Arc::new(Scope { name: "shop.orders".to_owned(), version: "2.1".to_owned() }),
        attributes: Attributes::new()
            .with(FLAGS_ATTRIBUTE, 257)
            .with("otel.dropped_events_count", 3)
            .with("order", "a\u{1b}[31m"),
        events: vec![SpanEvent {
            time: start.offset(500_000),
            name: "retry".to_owned(),
            attributes: Attributes::new().with("attempt", 2),
        }],
        links: vec![SpanLink {
            trace_id: TraceId([8; 16]),
            span_id: SpanId([8; 8]),
            attributes: Attributes::new(),
        }],
    }
}

#[test]
fn the_output_of_every_command_is_the_recorded_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fill(&data);
    let record = |name: &str, commands: &[&[&str]]| {
        let text: String = commands.iter().map(|arguments| printed(&data, arguments)).collect();
        let text = text.replace(&folder.path().display().to_string(), "FOLDER");
        assert_recorded(&format!("outputs/{name}.txt"), &text);
    };
    record(
        "telemetry",
        &[
            &["query", "queue.length", "--by", "place"],
            &["query", "queue.length", "--where", "place=east"],
            &["query", "queue"],
            &["query", "unknown"],
            &["query", "queue.length", "--where", "place"],
            &["logs"],
            &["logs", "severity>=error"],
            &["logs", "(unfinished"],
            &["logs", "--follow"],
            &["traces"],
            &["traces", "status:ok"],
            &["trace", "07070707070707070707070707070707"],
            &["trace", "07070707070707070707070707070707", "--span", "0808080808080808"],
            &["trace", "09090909090909090909090909090909"],
            &["trace", "seven"],
        ],
    );
    record("rules", &[&["rules", "list"], &["rules", "export"], &["rules", "import", "/nowhere/rules.json"]]);
    record("checks", &[&["check", "list"], &["check", "run", "absent"]]);
    let samples = folder.path().join("samples.csv");
    fs::write(&samples, "metric,time,value\nimported.metric,2026-01-01T00:00:00Z,1\nimported.metric,x,1\n")
        .unwrap();
    let samples = samples.to_str().unwrap();
    record("import", &[&["import", "--dry-run", samples], &["import", samples, "/nowhere/samples.csv"]]);
    record("data", &[&["data", "show"], &["data", "verify"], &["data", "repair"]]);
    record(
        "export",
        &[
            &["export", "spans", "--format", "csv", "--output", "-"],
            &["report", "--last", "soon"],
            &["report", "--last", "1h", "--format", "csv", "--output", "-"],
        ],
    );
}

#[test]
fn one_span_is_shown_whole_as_json() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let arguments = ["trace", "07070707070707070707070707070707", "--span", "0707070707070707", "--json"];
    let output = run(folder.path(), &arguments);
    let span: SpanRow = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (span.flags, span.trace_state.as_str(), span.scope_version.as_str()),
        (257, "vendor=7", "2.1")
    );
    assert_eq!(span.attributes.0.get("otel.dropped_events_count"), Some(&3.into()));
    assert_eq!((span.events.len(), span.links.len()), (1, 1));
}

#[test]
fn a_missing_data_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert_recorded("outputs/missing.txt", &printed(&missing, &["status"]));
    assert!(!missing.exists());
}
