//! Reading of requests with log records.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use serde::de::MapAccess;

use super::fields::{Field, JsonMessage};

impl JsonMessage for ExportLogsServiceRequest {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "resourceLogs" => self.resource_logs = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ResourceLogs {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "resource" => self.resource = field.message()?,
            "scopeLogs" => self.scope_logs = field.messages()?,
            "schemaUrl" => self.schema_url = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ScopeLogs {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = field.message()?,
            "logRecords" => self.log_records = field.messages()?,
            "schemaUrl" => self.schema_url = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for LogRecord {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "observedTimeUnixNano" => self.observed_time_unix_nano = field.whole()?.unwrap_or_default(),
            "severityNumber" => self.severity_number = field.whole()?.unwrap_or_default(),
            "severityText" => self.severity_text = field.text()?.unwrap_or_default(),
            "body" => self.body = field.message()?,
            "attributes" => self.attributes = field.messages()?,
            "droppedAttributesCount" => self.dropped_attributes_count = field.whole()?.unwrap_or_default(),
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            "traceId" => self.trace_id = field.hexadecimal()?,
            "spanId" => self.span_id = field.hexadecimal()?,
            "eventName" => self.event_name = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}
