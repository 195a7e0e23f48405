//! The telemetry of the shop by service, as OTLP requests.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{Metric, ResourceMetrics, ScopeMetrics},
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};

use crate::shop::Service;

/// One interval of the shop's telemetry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Telemetry {
    /// Spans of all services.
    pub traces: ExportTraceServiceRequest,
    /// Log records of all services.
    pub logs: ExportLogsServiceRequest,
    /// Metrics of all services.
    pub metrics: ExportMetricsServiceRequest,
}

/// Telemetry under way, by service.
#[derive(Debug, Default)]
pub(crate) struct Output {
    spans: [Vec<Span>; Service::ALL.len()],
    logs: [Vec<LogRecord>; Service::ALL.len()],
    metrics: [Vec<Metric>; Service::ALL.len()],
}

impl Output {
    pub(crate) fn span(&mut self, service: Service, span: Span) {
        self.spans[service as usize].push(span);
    }

    pub(crate) fn log(&mut self, service: Service, record: LogRecord) {
        self.logs[service as usize].push(record);
    }

    pub(crate) fn metrics(&mut self, service: Service, metrics: Vec<Metric>) {
        self.metrics[service as usize].extend(metrics);
    }

    /// The requests with everything so far, in order of time within each service.
    pub(crate) fn finish(self) -> Telemetry {
        let mut telemetry = Telemetry::default();
        let groups = self.spans.into_iter().zip(self.logs).zip(self.metrics);
        for (service, ((mut spans, mut log_records), metrics)) in Service::ALL.into_iter().zip(groups) {
            if !spans.is_empty() {
                spans.sort_by_key(|span| span.end_time_unix_nano);
                telemetry.traces.resource_spans.push(ResourceSpans {
                    resource: Some(service.resource()),
                    scope_spans: vec![ScopeSpans {
                        scope: Some(service.scope()),
                        spans,
                        ..ScopeSpans::default()
                    }],
                    ..ResourceSpans::default()
                });
            }
            if !log_records.is_empty() {
                log_records.sort_by_key(|record| record.time_unix_nano);
                telemetry.logs.resource_logs.push(ResourceLogs {
                    resource: Some(service.resource()),
                    scope_logs: vec![ScopeLogs {
                        scope: Some(service.scope()),
                        log_records,
                        ..ScopeLogs::default()
                    }],
                    ..ResourceLogs::default()
                });
            }
            if !metrics.is_empty() {
                telemetry.metrics.resource_metrics.push(ResourceMetrics {
                    resource: Some(service.resource()),
                    scope_metrics: vec![ScopeMetrics {
                        scope: Some(service.scope()),
                        metrics,
                        ..ScopeMetrics::default()
                    }],
                    ..ResourceMetrics::default()
                });
            }
        }
        telemetry
    }
}
