//! Reading of requests with log records.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber},
};

use super::fields::json_message;

json_message!(ExportLogsServiceRequest: |message, field| {
    "resourceLogs" => message.resource_logs = field.messages()?,
});

json_message!(ResourceLogs: |message, field| {
    "resource" => message.resource = field.message()?,
    "scopeLogs" => message.scope_logs = field.messages()?,
    "schemaUrl" => message.schema_url = field.text()?.unwrap_or_default(),
});

json_message!(ScopeLogs: |message, field| {
    "scope" => message.scope = field.message()?,
    "logRecords" => message.log_records = field.records()?,
    "schemaUrl" => message.schema_url = field.text()?.unwrap_or_default(),
});

json_message!(LogRecord: |message, field| {
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "observedTimeUnixNano" => message.observed_time_unix_nano = field.whole()?.unwrap_or_default(),
    "severityNumber" => message.severity_number = field.enumeration(SeverityNumber::from_str_name)?,
    "severityText" => message.severity_text = field.text()?.unwrap_or_default(),
    "body" => message.body = field.message()?,
    "attributes" => message.attributes = field.messages()?,
    "droppedAttributesCount" => message.dropped_attributes_count = field.whole()?.unwrap_or_default(),
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
    "traceId" => message.trace_id = field.optional_id(16)?,
    "spanId" => message.span_id = field.optional_id(8)?,
    "eventName" => message.event_name = field.text()?.unwrap_or_default(),
});
