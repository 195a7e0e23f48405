//! Spans as columns of their table.

use model::Span;

use crate::{
    StoreError,
    database::columns::{Columns, json, list_json, signed, span_ids, text, tiny, trace_ids, unsigned},
};

/// Builds the columns of spans. `resources` are the ids of their resources.
pub(crate) fn span_columns(spans: &[&Span], resources: Vec<u64>) -> Result<Columns, StoreError> {
    Ok(vec![
        ("trace_id", trace_ids(spans.iter().map(|span| Some(span.trace_id)))?),
        ("span_id", span_ids(spans.iter().map(|span| Some(span.span_id)))),
        ("parent_span_id", span_ids(spans.iter().map(|span| span.parent_span_id))),
        ("name", text(spans.iter().map(|span| span.name.as_str()))),
        ("kind", tiny(spans.iter().map(|span| span.kind as u8))),
        ("start_time", signed(spans.iter().map(|span| Some(span.start.0)))),
        // The end of a span must fit into 64 bits.
        (
            "duration",
            signed(
                spans
                    .iter()
                    .map(|span| Some(span.duration.clamp(0, i64::MAX.saturating_sub(span.start.0.max(0))))),
            ),
        ),
        ("status", tiny(spans.iter().map(|span| span.status as u8))),
        ("status_message", text(spans.iter().map(|span| span.status_message.as_str()))),
        ("trace_state", text(spans.iter().map(|span| span.trace_state.as_str()))),
        ("service", text(spans.iter().map(|span| span.resource.service()))),
        ("resource_id", unsigned(resources.into_iter().map(Some))),
        ("scope_name", text(spans.iter().map(|span| span.scope.name.as_str()))),
        ("scope_version", text(spans.iter().map(|span| span.scope.version.as_str()))),
        ("attributes", json(spans.iter().map(|span| &span.attributes))),
        ("events", list_json(spans.iter().map(|span| &span.events))),
        ("links", list_json(spans.iter().map(|span| &span.links))),
    ])
}
