//! The three signals: what differs between them on the way in.

use model::Timestamp;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse},
    metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
};
use prost::Message;
use serde_json::Value;

use crate::{conversion::Conversion, json, logs, metrics, traces, weight};

/// One signal of OTLP.
pub(crate) trait Signal: 'static {
    /// The export request.
    type Request: Message + Default;
    /// The export response.
    type Response: Message + Default + 'static;
    /// Path over HTTP.
    const HTTP_PATH: &'static str;
    /// Path over gRPC.
    const GRPC_PATH: &'static str;
    /// JSON name of the count of rejected records.
    const REJECTED: &'static str;

    /// How the request lies in memory.
    fn shape() -> &'static weight::Shape;
    /// Reads a request from JSON.
    fn from_json(value: &Value) -> Result<Self::Request, json::Fault>;
    /// Turns a request into records.
    fn convert(request: Self::Request, now: Timestamp) -> Conversion;
    /// The response that tells what was rejected and why.
    fn partial_success(rejected: i64, message: String) -> Self::Response;
}

/// Metrics.
pub(crate) struct Metrics;
/// Log records.
pub(crate) struct Logs;
/// Spans.
pub(crate) struct Traces;

impl Signal for Metrics {
    type Request = ExportMetricsServiceRequest;
    type Response = ExportMetricsServiceResponse;
    const HTTP_PATH: &'static str = "/v1/metrics";
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    const REJECTED: &'static str = "rejectedDataPoints";

    fn shape() -> &'static weight::Shape {
        &weight::METRICS
    }

    fn from_json(value: &Value) -> Result<Self::Request, json::Fault> {
        json::metrics_request(value)
    }

    fn convert(request: Self::Request, now: Timestamp) -> Conversion {
        metrics::convert(request, now)
    }

    fn partial_success(rejected: i64, message: String) -> Self::Response {
        let partial_success =
            ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message: message };
        ExportMetricsServiceResponse { partial_success: Some(partial_success) }
    }
}

impl Signal for Logs {
    type Request = ExportLogsServiceRequest;
    type Response = ExportLogsServiceResponse;
    const HTTP_PATH: &'static str = "/v1/logs";
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const REJECTED: &'static str = "rejectedLogRecords";

    fn shape() -> &'static weight::Shape {
        &weight::LOGS
    }

    fn from_json(value: &Value) -> Result<Self::Request, json::Fault> {
        json::logs_request(value)
    }

    fn convert(request: Self::Request, now: Timestamp) -> Conversion {
        logs::convert(request, now)
    }

    fn partial_success(rejected: i64, message: String) -> Self::Response {
        let partial_success =
            ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: message };
        ExportLogsServiceResponse { partial_success: Some(partial_success) }
    }
}

impl Signal for Traces {
    type Request = ExportTraceServiceRequest;
    type Response = ExportTraceServiceResponse;
    const HTTP_PATH: &'static str = "/v1/traces";
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const REJECTED: &'static str = "rejectedSpans";

    fn shape() -> &'static weight::Shape {
        &weight::TRACES
    }

    fn from_json(value: &Value) -> Result<Self::Request, json::Fault> {
        json::traces_request(value)
    }

    fn convert(request: Self::Request, now: Timestamp) -> Conversion {
        traces::convert(request, now)
    }

    fn partial_success(rejected: i64, message: String) -> Self::Response {
        let partial_success = ExportTracePartialSuccess { rejected_spans: rejected, error_message: message };
        ExportTraceServiceResponse { partial_success: Some(partial_success) }
    }
}
