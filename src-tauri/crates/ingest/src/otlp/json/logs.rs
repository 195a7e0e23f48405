//! Decoding of requests with log records.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use serde_json::Value;

use super::{
    common::{any_value, key_value, resource, scope},
    fields::{Fields, JsonError},
};

pub(in crate::otlp) fn logs_request(value: &Value) -> Result<ExportLogsServiceRequest, JsonError> {
    Ok(ExportLogsServiceRequest { resource_logs: Fields::of(value)?.list("resourceLogs", resource_logs)? })
}

fn resource_logs(value: &Value) -> Result<ResourceLogs, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ResourceLogs {
        resource: fields.optional("resource", resource)?,
        scope_logs: fields.list("scopeLogs", scope_logs)?,
        schema_url: fields.text("schemaUrl")?,
    })
}

fn scope_logs(value: &Value) -> Result<ScopeLogs, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ScopeLogs {
        scope: fields.optional("scope", scope)?,
        log_records: fields.list("logRecords", log_record)?,
        schema_url: fields.text("schemaUrl")?,
    })
}

fn log_record(value: &Value) -> Result<LogRecord, JsonError> {
    let fields = Fields::of(value)?;
    Ok(LogRecord {
        time_unix_nano: fields.whole("timeUnixNano")?,
        observed_time_unix_nano: fields.whole("observedTimeUnixNano")?,
        severity_number: fields.whole("severityNumber")?,
        severity_text: fields.text("severityText")?,
        body: fields.optional("body", any_value)?,
        attributes: fields.list("attributes", key_value)?,
        dropped_attributes_count: fields.whole("droppedAttributesCount")?,
        flags: fields.whole("flags")?,
        trace_id: fields.hexadecimal("traceId")?,
        span_id: fields.hexadecimal("spanId")?,
        event_name: fields.text("eventName")?,
    })
}
