//! OTLP senders with known content, fast enough to load an engine.

use std::{net::SocketAddr, ops::Range, time::Duration};

use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest,
        metrics::v1::ExportMetricsServiceRequest,
        trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use runtime::Clock;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

/// The metric of numbered samples.
pub const NUMBERED_METRIC: &str = "numbered.value";
/// The text before the number in a numbered log record or span.
pub const NUMBERED_MARK: &str = "numbered-";

/// A signal of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Samples of metrics.
    Metrics,
    /// Log records.
    Logs,
    /// Spans.
    Spans,
}

impl Signal {
    /// All signals.
    pub const ALL: [Self; 3] = [Self::Metrics, Self::Logs, Self::Spans];

    /// Returns the gRPC method that receives it.
    pub fn method(self) -> &'static str {
        match self {
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Spans => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        }
    }

    /// Returns the HTTP path that receives it.
    pub fn path(self) -> &'static str {
        match self {
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
            Self::Spans => "/v1/traces",
        }
    }

    /// Encodes a request with one record for each of `numbers`, by which it can be found again.
    pub fn numbered(self, numbers: Range<u64>) -> Vec<u8> {
        match self {
            Self::Metrics => numbered_metrics(numbers).encode_to_vec(),
            Self::Logs => numbered_logs(numbers).encode_to_vec(),
            Self::Spans => numbered_spans(numbers).encode_to_vec(),
        }
    }
}

/// A connection to the OTLP/gRPC port of an engine. It sends encoded requests unchanged, so that
/// sending costs little compared with receiving.
#[derive(Debug, Clone)]
pub struct OtlpConnection {
    grpc: Grpc<Channel>,
}

impl OtlpConnection {
    /// Connects. A request times out after a minute.
    pub async fn open(address: SocketAddr) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.timeout(Duration::from_secs(60));
        Ok(Self { grpc: Grpc::new(endpoint.connect().await?) })
    }

    /// Sends an encoded request and returns the number of rejected records. Success means that the
    /// engine acknowledged it.
    pub async fn send(&mut self, signal: Signal, request: impl Into<Bytes>) -> Result<i64, Status> {
        self.grpc
            .ready()
            .await
            .map_err(|error| Status::unavailable(format!("the connection is gone: {error}")))?;
        let path = PathAndQuery::from_static(signal.method());
        let response = self.grpc.unary(Request::new(request.into()), path, EncodedRequest).await?;
        // The three answers have the same fields under the same numbers.
        let answer: ExportTraceServiceResponse = response.into_inner();
        Ok(answer.partial_success.map_or(0, |partial| partial.rejected_spans))
    }
}

/// A codec for requests that are already encoded.
#[derive(Debug, Clone, Copy, Default)]
struct EncodedRequest;

impl Codec for EncodedRequest {
    type Encode = Bytes;
    type Decode = ExportTraceServiceResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for EncodedRequest {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, request: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(request.len());
        buffer.put(request);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for EncodedRequest {
    type Item = ExportTraceServiceResponse;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        ExportTraceServiceResponse::decode(bytes)
            .map(Some)
            .map_err(|error| Status::internal(format!("the answer cannot be read: {error}")))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

/// Returns the current time in nanoseconds since the epoch.
pub fn now() -> u64 {
    Clock::system().now().0.unsigned_abs()
}

/// Creates a text attribute.
pub fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(text(value)), ..KeyValue::default() }
}

/// Creates an integer attribute.
pub fn number_attribute(key: &str, value: i64) -> KeyValue {
    let value = AnyValue { value: Some(Value::IntValue(value)) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// Creates a text value.
pub fn text(value: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(value.to_owned())) }
}

/// Creates the resource of a service.
pub fn resource(service: &str, attributes: Vec<KeyValue>) -> Option<Resource> {
    let mut all = vec![attribute("service.name", service)];
    all.extend(attributes);
    Some(Resource { attributes: all, ..Resource::default() })
}

/// Creates an instrumentation scope.
pub fn scope(name: &str) -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: name.to_owned(),
        version: "1.0.0".into(),
        ..InstrumentationScope::default()
    })
}

/// Creates a request with the spans of one service.
pub fn spans_request(resource: Option<Resource>, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { scope: scope("tests"), spans, ..ScopeSpans::default() }];
    let group = ResourceSpans { resource, scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![group] }
}

/// Creates a request with the log records of one service.
pub fn logs_request(resource: Option<Resource>, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { scope: scope("tests"), log_records, ..ScopeLogs::default() }];
    let group = ResourceLogs { resource, scope_logs, ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![group] }
}

/// Creates a request with the metrics of one service.
pub fn metrics_request(resource: Option<Resource>, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { scope: scope("tests"), metrics, ..ScopeMetrics::default() }];
    let group = ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![group] }
}

/// Creates a data point.
pub fn data_point(time_unix_nano: u64, value: f64) -> NumberDataPoint {
    NumberDataPoint {
        time_unix_nano,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

/// Creates a gauge without attributes.
pub fn gauge(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    Metric {
        name: name.to_owned(),
        data: Some(metric::Data::Gauge(Gauge { data_points })),
        ..Metric::default()
    }
}

/// Creates a log record with a text and a time.
pub fn log_record(time_unix_nano: u64, body: &str) -> LogRecord {
    LogRecord { time_unix_nano, body: Some(text(body)), ..LogRecord::default() }
}

/// Creates a span of one millisecond that is a trace by itself.
pub fn span(start_time_unix_nano: u64, number: u64, name: &str) -> Span {
    let (mut trace_id, span_id) = (vec![2; 8], number.to_be_bytes());
    trace_id.extend(span_id);
    Span {
        trace_id,
        span_id: span_id.to_vec(),
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano,
        end_time_unix_nano: start_time_unix_nano + 1_000_000,
        ..Span::default()
    }
}

fn numbered_metrics(numbers: Range<u64>) -> ExportMetricsServiceRequest {
    // No two points of a series at the same time: that would be one point.
    let base = now() / 1_000_000 * 1_000_000;
    let data_points = numbers.map(|number| data_point(base + number % 1_000_000, number as f64)).collect();
    metrics_request(resource("numbered", Vec::new()), vec![gauge(NUMBERED_METRIC, data_points)])
}

/// Creates log records with a hundred bytes of text each, like real ones.
fn numbered_logs(numbers: Range<u64>) -> ExportLogsServiceRequest {
    let record = |number: u64| LogRecord {
        time_unix_nano: now(),
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(text(&format!(
            "{NUMBERED_MARK}{number}; the order was taken {:016x}",
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ))),
        attributes: vec![
            attribute("code.function.name", "take_order"),
            number_attribute("order.number", number as i64),
        ],
        ..LogRecord::default()
    };
    logs_request(resource("numbered", Vec::new()), numbers.map(record).collect())
}

fn numbered_spans(numbers: Range<u64>) -> ExportTraceServiceRequest {
    let span = |number: u64| {
        let (mut trace_id, span_id) = (vec![1; 8], (number + 1).to_be_bytes());
        trace_id.extend(span_id);
        Span {
            trace_id,
            span_id: span_id.to_vec(),
            name: format!("{NUMBERED_MARK}{number};"),
            kind: 2,
            start_time_unix_nano: now() - 1_000_000,
            end_time_unix_nano: now(),
            attributes: vec![
                attribute("http.route", "/orders/{id}"),
                attribute("http.request.method", "POST"),
            ],
            ..Span::default()
        }
    };
    spans_request(resource("numbered", Vec::new()), numbers.map(span).collect())
}
