//! Reading of requests with spans.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, span::SpanKind, status::StatusCode},
};

use super::fields::json_message;

json_message!(ExportTraceServiceRequest: |message, field| {
    "resourceSpans" => message.resource_spans = field.messages()?,
});

json_message!(ResourceSpans: |message, field| {
    "resource" => message.resource = field.message()?,
    "scopeSpans" => message.scope_spans = field.messages()?,
    "schemaUrl" => message.schema_url = field.text()?.unwrap_or_default(),
});

json_message!(ScopeSpans: |message, field| {
    "scope" => message.scope = field.message()?,
    "spans" => message.spans = field.records()?,
    "schemaUrl" => message.schema_url = field.text()?.unwrap_or_default(),
});

json_message!(Span: |message, field| {
    "traceId" => message.trace_id = field.id(16)?,
    "spanId" => message.span_id = field.id(8)?,
    "traceState" => message.trace_state = field.text()?.unwrap_or_default(),
    "parentSpanId" => message.parent_span_id = field.id(8)?,
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
    "name" => message.name = field.text()?.unwrap_or_default(),
    "kind" => message.kind = field.enumeration(SpanKind::from_str_name)?,
    "startTimeUnixNano" => message.start_time_unix_nano = field.whole()?.unwrap_or_default(),
    "endTimeUnixNano" => message.end_time_unix_nano = field.whole()?.unwrap_or_default(),
    "attributes" => message.attributes = field.messages()?,
    "droppedAttributesCount" => message.dropped_attributes_count = field.whole()?.unwrap_or_default(),
    "events" => message.events = field.messages()?,
    "droppedEventsCount" => message.dropped_events_count = field.whole()?.unwrap_or_default(),
    "links" => message.links = field.messages()?,
    "droppedLinksCount" => message.dropped_links_count = field.whole()?.unwrap_or_default(),
    "status" => message.status = field.message()?,
});

json_message!(span::Event: |message, field| {
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "name" => message.name = field.text()?.unwrap_or_default(),
    "attributes" => message.attributes = field.messages()?,
    "droppedAttributesCount" => message.dropped_attributes_count = field.whole()?.unwrap_or_default(),
});

json_message!(span::Link: |message, field| {
    "traceId" => message.trace_id = field.optional_id(16)?,
    "spanId" => message.span_id = field.optional_id(8)?,
    "traceState" => message.trace_state = field.text()?.unwrap_or_default(),
    "attributes" => message.attributes = field.messages()?,
    "droppedAttributesCount" => message.dropped_attributes_count = field.whole()?.unwrap_or_default(),
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
});

json_message!(Status: |message, field| {
    "message" => message.message = field.text()?.unwrap_or_default(),
    "code" => message.code = field.enumeration(StatusCode::from_str_name)?,
});
