//! Conversion of OTLP spans to [`model::Span`]s.

use model::{
    Attributes, FLAGS_ATTRIBUTE, NANOS_PER_SECOND, Span, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus,
    Timestamp, TraceId,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span as WireSpan, span, status::StatusCode},
};

use super::{
    attributes::{self, DROPPED_ATTRIBUTES, MAX_NAME_BYTES, MAX_VALUE_BYTES, cut},
    conversion::{Conversion, Trimmed},
    faults::Faults,
};
use crate::timestamp;

/// Time that a span may end before its start without a warning, because clocks are adjusted.
const END_TOLERANCE: i64 = NANOS_PER_SECOND;
/// Maximum number of events, and of links, of one span. The rest is dropped and counted.
const MAX_EVENTS_OR_LINKS: usize = 1024;

/// Converts a request that arrived at `now`.
pub fn convert(request: ExportTraceServiceRequest, now: Timestamp) -> Conversion {
    convert_read(request, Faults::default(), now)
}

/// Converts a request that was read with `faults` at `now`.
pub(super) fn convert_read(request: ExportTraceServiceRequest, faults: Faults, now: Timestamp) -> Conversion {
    let mut conversion = Conversion::new(faults);
    for (group_index, group) in request.resource_spans.into_iter().enumerate() {
        let resource = attributes::resource(group.resource, &mut conversion.trimmed);
        for (scope_index, scoped) in group.scope_spans.into_iter().enumerate() {
            let (scope, scope_attributes) = attributes::scope(scoped.scope, &mut conversion.trimmed);
            for (index, wire) in scoped.spans.into_iter().enumerate() {
                let position =
                    format_args!("resource_spans[{group_index}].scope_spans[{scope_index}].spans[{index}]");
                if conversion.reject_faulty(&[group_index, scope_index, index], position) {
                    continue;
                }
                match identity(&wire, now) {
                    Ok(identity) => {
                        for warning in identity.warnings {
                            conversion.warn(position, warning);
                        }
                        let trimmed = &mut conversion.trimmed;
                        let status = wire.status.unwrap_or_default();
                        let mut attributes =
                            attributes::with_scope(wire.attributes, &scope_attributes, trimmed);
                        let counts = [
                            (DROPPED_ATTRIBUTES, wire.dropped_attributes_count),
                            ("otel.dropped_events_count", wire.dropped_events_count),
                            ("otel.dropped_links_count", wire.dropped_links_count),
                            (FLAGS_ATTRIBUTE, wire.flags),
                        ];
                        attributes::add_counts(&mut attributes, &counts);
                        let span = Span {
                            trace_id: identity.trace_id,
                            span_id: identity.span_id,
                            parent_span_id: identity.parent_span_id,
                            name: cut(wire.name, MAX_NAME_BYTES, trimmed),
                            kind: kind(wire.kind),
                            start: identity.start,
                            duration: identity.duration,
                            status: span_status(status.code),
                            status_message: cut(status.message, MAX_VALUE_BYTES, trimmed),
                            trace_state: cut(wire.trace_state, MAX_VALUE_BYTES, trimmed),
                            resource: resource.clone(),
                            scope: scope.clone(),
                            attributes,
                            events: events(wire.events, identity.start, trimmed),
                            links: links(wire.links, trimmed),
                        };
                        conversion.batch.spans.push(span);
                    }
                    Err(reason) => conversion.reject(position, reason),
                }
            }
        }
    }
    conversion
}

/// The identifiers and times of a span, validated.
struct Identity {
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: Option<SpanId>,
    start: Timestamp,
    duration: i64,
    warnings: Vec<String>,
}

/// Validates the identifiers and times of a span.
fn identity(span: &WireSpan, now: Timestamp) -> Result<Identity, String> {
    let trace_id = TraceId::from_bytes(&span.trace_id).map_err(|error| format!("trace id: {error}"))?;
    let span_id = SpanId::from_bytes(&span.span_id).map_err(|error| format!("span id: {error}"))?;
    let parent_span_id = match span.parent_span_id.as_slice() {
        // Some senders write a root's parent as zeros.
        [] | [0, 0, 0, 0, 0, 0, 0, 0] => None,
        bytes => Some(SpanId::from_bytes(bytes).map_err(|error| format!("parent span id: {error}"))?),
    };
    let start =
        timestamp::validated(span.start_time_unix_nano, now).map_err(|error| format!("start {error}"))?;
    let mut warnings = Vec::new();
    let end = match span.end_time_unix_nano {
        0 => {
            warnings.push("end time is missing, stored with zero duration".to_owned());
            start
        }
        nanos => timestamp::validated(nanos, now).map_err(|error| format!("end {error}"))?,
    };
    let duration = end.since(start);
    if duration < -END_TOLERANCE {
        let seconds = -duration / NANOS_PER_SECOND;
        warnings.push(format!("ends {seconds} s before it starts, stored with zero duration"));
    }
    let links = span.links.iter().filter(|link| link_target(link).is_none()).count();
    if links > 0 {
        warnings.push(format!("{links} links with an invalid trace or span id were dropped"));
    }
    Ok(Identity { trace_id, span_id, parent_span_id, start, duration: duration.max(0), warnings })
}

fn kind(kind: i32) -> SpanKind {
    match span::SpanKind::try_from(kind) {
        Ok(span::SpanKind::Internal) => SpanKind::Internal,
        Ok(span::SpanKind::Server) => SpanKind::Server,
        Ok(span::SpanKind::Client) => SpanKind::Client,
        Ok(span::SpanKind::Producer) => SpanKind::Producer,
        Ok(span::SpanKind::Consumer) => SpanKind::Consumer,
        Ok(span::SpanKind::Unspecified) | Err(_) => SpanKind::Unspecified,
    }
}

fn span_status(code: i32) -> SpanStatus {
    match StatusCode::try_from(code) {
        Ok(StatusCode::Ok) => SpanStatus::Ok,
        Ok(StatusCode::Error) => SpanStatus::Error,
        Ok(StatusCode::Unset) | Err(_) => SpanStatus::Unset,
    }
}

fn events(events: Vec<span::Event>, start: Timestamp, trimmed: &mut Trimmed) -> Vec<SpanEvent> {
    trimmed.dropped += events.len().saturating_sub(MAX_EVENTS_OR_LINKS) as u64;
    let mut events: Vec<SpanEvent> = events
        .into_iter()
        .take(MAX_EVENTS_OR_LINKS)
        .map(|event| {
            let mut attributes = attributes::attributes(event.attributes, trimmed);
            attributes::add_counts(&mut attributes, &[(DROPPED_ATTRIBUTES, event.dropped_attributes_count)]);
            let time = timestamp::optional(event.time_unix_nano).unwrap_or(start);
            SpanEvent { time, name: cut(event.name, MAX_NAME_BYTES, trimmed), attributes }
        })
        .collect();
    events.sort_by_key(|event| event.time);
    events
}

/// Returns the identifiers that a link points to, none if they are invalid.
fn link_target(link: &span::Link) -> Option<(TraceId, SpanId)> {
    Some((TraceId::from_bytes(&link.trace_id).ok()?, SpanId::from_bytes(&link.span_id).ok()?))
}

fn links(links: Vec<span::Link>, trimmed: &mut Trimmed) -> Vec<SpanLink> {
    trimmed.dropped += links.len().saturating_sub(MAX_EVENTS_OR_LINKS) as u64;
    links
        .into_iter()
        .take(MAX_EVENTS_OR_LINKS)
        .filter_map(|link| {
            let (trace_id, span_id) = link_target(&link)?;
            let mut attributes: Attributes = attributes::attributes(link.attributes, trimmed);
            let counts = [(DROPPED_ATTRIBUTES, link.dropped_attributes_count), (FLAGS_ATTRIBUTE, link.flags)];
            attributes::add_counts(&mut attributes, &counts);
            if !link.trace_state.is_empty() {
                let trace_state = cut(link.trace_state, MAX_VALUE_BYTES, trimmed);
                attributes = attributes.with("otel.trace_state", trace_state);
            }
            Some(SpanLink { trace_id, span_id, attributes })
        })
        .collect()
}
