//! Reading of requests with spans.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span},
};
use serde::de::MapAccess;

use super::fields::{Field, JsonMessage};

impl JsonMessage for ExportTraceServiceRequest {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "resourceSpans" => self.resource_spans = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ResourceSpans {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "resource" => self.resource = field.message()?,
            "scopeSpans" => self.scope_spans = field.messages()?,
            "schemaUrl" => self.schema_url = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ScopeSpans {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = field.message()?,
            "spans" => self.spans = field.messages()?,
            "schemaUrl" => self.schema_url = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Span {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "traceId" => self.trace_id = field.hexadecimal()?,
            "spanId" => self.span_id = field.hexadecimal()?,
            "traceState" => self.trace_state = field.text()?.unwrap_or_default(),
            "parentSpanId" => self.parent_span_id = field.hexadecimal()?,
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            "name" => self.name = field.text()?.unwrap_or_default(),
            "kind" => self.kind = field.whole()?.unwrap_or_default(),
            "startTimeUnixNano" => self.start_time_unix_nano = field.whole()?.unwrap_or_default(),
            "endTimeUnixNano" => self.end_time_unix_nano = field.whole()?.unwrap_or_default(),
            "attributes" => self.attributes = field.messages()?,
            "droppedAttributesCount" => self.dropped_attributes_count = field.whole()?.unwrap_or_default(),
            "events" => self.events = field.messages()?,
            "droppedEventsCount" => self.dropped_events_count = field.whole()?.unwrap_or_default(),
            "links" => self.links = field.messages()?,
            "droppedLinksCount" => self.dropped_links_count = field.whole()?.unwrap_or_default(),
            "status" => self.status = field.message()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for span::Event {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "name" => self.name = field.text()?.unwrap_or_default(),
            "attributes" => self.attributes = field.messages()?,
            "droppedAttributesCount" => self.dropped_attributes_count = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for span::Link {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "traceId" => self.trace_id = field.hexadecimal()?,
            "spanId" => self.span_id = field.hexadecimal()?,
            "traceState" => self.trace_state = field.text()?.unwrap_or_default(),
            "attributes" => self.attributes = field.messages()?,
            "droppedAttributesCount" => self.dropped_attributes_count = field.whole()?.unwrap_or_default(),
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Status {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "message" => self.message = field.text()?.unwrap_or_default(),
            "code" => self.code = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}
