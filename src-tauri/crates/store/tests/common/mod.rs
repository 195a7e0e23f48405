//! What the tests share: a store in a folder of its own and short ways to make records.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod metrics;

use std::sync::Arc;

use model::*;
use store::{Store, StoreOptions};
use tempfile::TempDir;

/// A moment in 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000 * NANOS_PER_SECOND);

pub(crate) fn small() -> StoreOptions {
    StoreOptions { memory_limit_bytes: 256 << 20, threads: 2, ..StoreOptions::default() }
}

pub(crate) fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), small()).unwrap();
    (folder, store)
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    NOW.offset(seconds * NANOS_PER_SECOND)
}

pub(crate) fn around() -> TimeRange {
    TimeRange::new(at(-3600), at(3600))
}

pub(crate) fn resource(service: &str) -> Arc<Resource> {
    Arc::new(Resource::service_named(service))
}

pub(crate) fn log(service: &str, time: Timestamp, body: &str, attributes: Attributes) -> LogRecord {
    LogRecord {
        time,
        observed_time: time,
        severity: Severity::INFO,
        severity_text: "INFO".to_owned(),
        body: body.to_owned(),
        resource: resource(service),
        scope: Arc::default(),
        attributes,
        trace_id: None,
        span_id: None,
        event_name: String::new(),
    }
}

pub(crate) fn span(
    service: &str,
    trace: u8,
    id: u8,
    parent: Option<u8>,
    start: Timestamp,
    duration: i64,
) -> Span {
    Span {
        trace_id: TraceId([trace; 16]),
        span_id: SpanId([id; 8]),
        parent_span_id: parent.map(|parent| SpanId([parent; 8])),
        name: format!("operation {id}"),
        kind: if parent.is_none() { SpanKind::Server } else { SpanKind::Internal },
        start,
        duration,
        status: SpanStatus::Unset,
        status_message: String::new(),
        trace_state: String::new(),
        resource: resource(service),
        scope: Arc::default(),
        attributes: Attributes::new(),
        events: Vec::new(),
        links: Vec::new(),
    }
}

pub(crate) fn logs(logs: Vec<LogRecord>) -> TelemetryBatch {
    TelemetryBatch { logs, ..TelemetryBatch::default() }
}

pub(crate) fn spans(spans: Vec<Span>) -> TelemetryBatch {
    TelemetryBatch { spans, ..TelemetryBatch::default() }
}

pub(crate) fn field(key: &str, operator: FieldOperator, value: &str) -> Filter {
    Filter::Field { key: key.to_owned(), operator, value: value.to_owned() }
}

pub(crate) async fn bodies(store: &Store, filter: &Filter) -> Vec<String> {
    let (lines, _) = store.search_logs(filter, around(), 100, None).await.unwrap();
    lines.into_iter().map(|line| line.body).collect()
}
