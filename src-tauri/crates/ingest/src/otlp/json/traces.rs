//! Decoding of requests with spans.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span},
};
use serde_json::Value;

use super::{
    common::{key_value, resource, scope},
    fields::{Fields, JsonError},
};

pub(in crate::otlp) fn traces_request(value: &Value) -> Result<ExportTraceServiceRequest, JsonError> {
    Ok(ExportTraceServiceRequest {
        resource_spans: Fields::of(value)?.list("resourceSpans", resource_spans)?,
    })
}

fn resource_spans(value: &Value) -> Result<ResourceSpans, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ResourceSpans {
        resource: fields.optional("resource", resource)?,
        scope_spans: fields.list("scopeSpans", scope_spans)?,
        schema_url: fields.text("schemaUrl")?,
    })
}

fn scope_spans(value: &Value) -> Result<ScopeSpans, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ScopeSpans {
        scope: fields.optional("scope", scope)?,
        spans: fields.list("spans", span)?,
        schema_url: fields.text("schemaUrl")?,
    })
}

fn span(value: &Value) -> Result<Span, JsonError> {
    let fields = Fields::of(value)?;
    Ok(Span {
        trace_id: fields.hexadecimal("traceId")?,
        span_id: fields.hexadecimal("spanId")?,
        trace_state: fields.text("traceState")?,
        parent_span_id: fields.hexadecimal("parentSpanId")?,
        flags: fields.whole("flags")?,
        name: fields.text("name")?,
        kind: fields.whole("kind")?,
        start_time_unix_nano: fields.whole("startTimeUnixNano")?,
        end_time_unix_nano: fields.whole("endTimeUnixNano")?,
        attributes: fields.list("attributes", key_value)?,
        dropped_attributes_count: fields.whole("droppedAttributesCount")?,
        events: fields.list("events", event)?,
        dropped_events_count: fields.whole("droppedEventsCount")?,
        links: fields.list("links", link)?,
        dropped_links_count: fields.whole("droppedLinksCount")?,
        status: fields.optional("status", status)?,
    })
}

fn event(value: &Value) -> Result<span::Event, JsonError> {
    let fields = Fields::of(value)?;
    Ok(span::Event {
        time_unix_nano: fields.whole("timeUnixNano")?,
        name: fields.text("name")?,
        attributes: fields.list("attributes", key_value)?,
        dropped_attributes_count: fields.whole("droppedAttributesCount")?,
    })
}

fn link(value: &Value) -> Result<span::Link, JsonError> {
    let fields = Fields::of(value)?;
    Ok(span::Link {
        trace_id: fields.hexadecimal("traceId")?,
        span_id: fields.hexadecimal("spanId")?,
        trace_state: fields.text("traceState")?,
        attributes: fields.list("attributes", key_value)?,
        dropped_attributes_count: fields.whole("droppedAttributesCount")?,
        flags: fields.whole("flags")?,
    })
}

fn status(value: &Value) -> Result<Status, JsonError> {
    let fields = Fields::of(value)?;
    Ok(Status { message: fields.text("message")?, code: fields.whole("code")? })
}
