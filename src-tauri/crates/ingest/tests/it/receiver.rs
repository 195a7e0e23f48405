//! A store with the OTLP listeners, and OTLP requests.

use std::{io::Write, net::SocketAddr, sync::Arc, time::Duration};

use flate2::{Compression, write::GzEncoder};
use ingest::{IngestError, IntakeBudget, IntakeCounters, serve_otlp_grpc, serve_otlp_http};
use model::{Attributes, Sample, Series, TelemetryBatch, Timestamp};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{Metric, ResourceMetrics, ScopeMetrics},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use runtime::Clock;
use store::{Commit, Store, StoreOptions};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Both listeners on one store.
pub(crate) struct Receiver {
    pub(crate) store: Store,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) counters: Arc<IntakeCounters>,
    pub(crate) budget: IntakeBudget,
    pub(crate) stop: CancellationToken,
    pub(crate) servers: Vec<JoinHandle<Result<(), IngestError>>>,
    commits: broadcast::Receiver<Commit>,
    _folder: TempDir,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_with(StoreOptions::default()).await
    }

    pub(crate) async fn start_with(options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), options).unwrap();
        let http_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grpc_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (http, grpc) = (http_listener.local_addr().unwrap(), grpc_listener.local_addr().unwrap());
        let counters = Arc::new(IntakeCounters::default());
        let (budget, stop) = (IntakeBudget::default(), CancellationToken::new());
        let servers = vec![
            tokio::spawn(serve_otlp_http(
                http_listener,
                store.clone(),
                Clock::system(),
                counters.clone(),
                budget.clone(),
                stop.clone(),
            )),
            tokio::spawn(serve_otlp_grpc(
                grpc_listener,
                store.clone(),
                Clock::system(),
                counters.clone(),
                budget.clone(),
                stop.clone(),
            )),
        ];
        let commits = store.subscribe();
        Self { store, http, grpc, counters, budget, stop, servers, commits, _folder: folder }
    }

    /// Starts a task that fills the store's queue of one record, until aborted.
    pub(crate) fn fill_queue(&self) -> JoinHandle<()> {
        let store = self.store.clone();
        tokio::spawn(async move {
            loop {
                let mut batch = TelemetryBatch::default();
                let id = batch.add_series(Series::gauge("filler", "", Arc::default(), Attributes::new()));
                let sample =
                    |time| Sample { series: id, time: Timestamp(time), start_time: None, value: 1.0 };
                batch.samples = (0..20_000).map(sample).collect();
                // Fails while a request under test is being written.
                let _ = store.write(batch).await;
            }
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// Returns the records committed since the last call, in one batch.
    pub(crate) fn committed(&mut self) -> TelemetryBatch {
        let mut all = TelemetryBatch::default();
        while let Ok(commit) = self.commits.try_recv() {
            for batch in commit.telemetry {
                let batch = (*batch).clone();
                all.series.extend(batch.series);
                all.samples.extend(batch.samples);
                all.histograms.extend(batch.histograms);
                all.exemplars.extend(batch.exemplars);
                all.logs.extend(batch.logs);
                all.spans.extend(batch.spans);
            }
        }
        all
    }
}

/// Returns the nanoseconds since the epoch.
pub(crate) fn now() -> u64 {
    Clock::system().now().0.unsigned_abs()
}

/// Waits up to 60 seconds for `future`, and panics with its description otherwise.
pub(crate) async fn within<T>(description: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .unwrap_or_else(|_| panic!("{description} took too long"))
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

pub(crate) fn resource() -> Option<Resource> {
    Some(Resource { attributes: vec![text("service.name", "shop")], ..Resource::default() })
}

pub(crate) fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "scope".into(),
        version: "1".into(),
        ..InstrumentationScope::default()
    })
}

pub(crate) fn span(number: u8) -> Span {
    Span {
        trace_id: vec![number; 16],
        span_id: vec![number; 8],
        name: format!("span {number}"),
        start_time_unix_nano: now() - 1_000_000,
        end_time_unix_nano: now(),
        ..Span::default()
    }
}

pub(crate) fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let group = ResourceSpans { resource: resource(), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![group] }
}

pub(crate) fn log(body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: now(),
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(AnyValue { value: Some(Value::StringValue(body.to_owned())) }),
        ..LogRecord::default()
    }
}

pub(crate) fn logs(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let group = ResourceLogs { resource: resource(), scope_logs, ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![group] }
}

pub(crate) fn metrics(metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
    let group = ResourceMetrics { resource: resource(), scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![group] }
}
