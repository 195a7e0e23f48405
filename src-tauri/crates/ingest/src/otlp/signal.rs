//! The three OTLP signals, and the differences between them.

use model::Timestamp;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse},
    metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
};
use prost::Message;

use super::{
    conversion::Conversion,
    faults::Faults,
    invalid_text::{self, Texts},
    json::JsonMessage,
    logs, metrics, traces,
};
use crate::limits::layout::{self, MessageLayout};

/// One signal of OTLP.
pub(super) trait Signal: 'static {
    /// The export request.
    type Request: Message + JsonMessage;
    /// The export response.
    type Response: Message + Default + 'static;
    /// The path over HTTP.
    const HTTP_PATH: &'static str;
    /// The path over gRPC.
    const GRPC_PATH: &'static str;
    /// The JSON name of the groups of records in a request.
    const GROUPS: &'static str;
    /// The JSON name of the number of rejected records.
    const REJECTED: &'static str;

    /// Returns the memory layout of the request.
    fn layout() -> &'static MessageLayout;
    /// Returns the texts of the request.
    fn texts() -> &'static Texts;
    /// Converts a request into records. `faults` are those of reading it.
    fn convert(request: Self::Request, faults: Faults, now: Timestamp) -> Conversion;
    /// Returns the response that reports rejected records and the reasons.
    fn partial_success(rejected: i64, message: String) -> Self::Response;
}

/// The metrics signal.
pub(super) struct Metrics;
/// The logs signal.
pub(super) struct Logs;
/// The traces signal.
pub(super) struct Traces;

impl Signal for Metrics {
    type Request = ExportMetricsServiceRequest;
    type Response = ExportMetricsServiceResponse;
    const HTTP_PATH: &'static str = "/v1/metrics";
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    const GROUPS: &'static str = "resourceMetrics";
    const REJECTED: &'static str = "rejectedDataPoints";

    fn layout() -> &'static MessageLayout {
        &layout::METRICS
    }

    fn texts() -> &'static Texts {
        &invalid_text::METRICS
    }

    fn convert(request: Self::Request, faults: Faults, now: Timestamp) -> Conversion {
        metrics::convert_read(request, faults, now)
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
    const GROUPS: &'static str = "resourceLogs";
    const REJECTED: &'static str = "rejectedLogRecords";

    fn layout() -> &'static MessageLayout {
        &layout::LOGS
    }

    fn texts() -> &'static Texts {
        &invalid_text::LOGS
    }

    fn convert(request: Self::Request, faults: Faults, now: Timestamp) -> Conversion {
        logs::convert_read(request, faults, now)
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
    const GROUPS: &'static str = "resourceSpans";
    const REJECTED: &'static str = "rejectedSpans";

    fn layout() -> &'static MessageLayout {
        &layout::TRACES
    }

    fn texts() -> &'static Texts {
        &invalid_text::TRACES
    }

    fn convert(request: Self::Request, faults: Faults, now: Timestamp) -> Conversion {
        traces::convert_read(request, faults, now)
    }

    fn partial_success(rejected: i64, message: String) -> Self::Response {
        let partial_success = ExportTracePartialSuccess { rejected_spans: rejected, error_message: message };
        ExportTraceServiceResponse { partial_success: Some(partial_success) }
    }
}
