//! Requests about traces.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Attributes, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TagMatcher, TimeRange, Timestamp, TraceId,
};

/// The order of traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TraceOrder {
    /// Latest start first.
    Newest,
    /// Longest first.
    Slowest,
}

/// A request for traces. A trace matches when one of its spans does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TracesRequest {
    /// The search as typed; empty for all.
    pub query: String,
    /// The filters at the top of the console.
    pub matchers: Vec<TagMatcher>,
    /// Range in which the matching span started.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// Only spans at least this long, in nanoseconds.
    pub min_duration: Option<i64>,
    /// Only spans at most this long, in nanoseconds.
    pub max_duration: Option<i64>,
    /// Only spans that failed.
    pub only_errors: bool,
    /// Order.
    pub order: TraceOrder,
    /// At most this many.
    pub limit: u32,
}

/// One trace in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TraceSummary {
    /// The trace.
    pub trace_id: TraceId,
    /// Name of its root span, or of its earliest span if the root is missing.
    pub root_name: String,
    /// Service of that span.
    pub root_service: String,
    /// Start of its earliest span.
    pub start: Timestamp,
    /// From the earliest start to the latest end, in nanoseconds.
    pub duration: i64,
    /// Number of spans.
    pub spans: u32,
    /// Number of failed spans.
    pub errors: u32,
    /// Services in it, in name order.
    pub services: Vec<String>,
    /// True if its root span is stored.
    pub complete: bool,
}

/// Traces that match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TracePage {
    /// The traces.
    pub traces: Vec<TraceSummary>,
    /// True if there are more than the limit.
    pub more: bool,
    /// Interpretation of the search as text.
    pub understood: String,
}

/// One span as it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SpanRow {
    /// Its identifier.
    pub span_id: SpanId,
    /// The span it was made in.
    pub parent_span_id: Option<SpanId>,
    /// The operation.
    pub name: String,
    /// Service.
    pub service: String,
    /// Role.
    pub kind: SpanKind,
    /// Start.
    pub start: Timestamp,
    /// Nanoseconds from the start of the trace.
    pub offset: i64,
    /// Length in nanoseconds.
    pub duration: i64,
    /// Status.
    pub status: SpanStatus,
    /// Error message, may be empty.
    pub status_message: String,
    /// Details.
    pub attributes: Attributes,
    /// Resource that sent it.
    pub resource: Attributes,
    /// Instrumentation scope, may be empty.
    pub scope: String,
    /// Version of the scope, may be empty.
    #[serde(default)]
    pub scope_version: String,
    /// W3C trace state, may be empty.
    #[serde(default)]
    pub trace_state: String,
    /// OpenTelemetry's flags, the lowest byte of which are those of W3C.
    #[serde(default)]
    pub flags: u32,
    /// Events during the span.
    pub events: Vec<SpanEvent>,
    /// Other spans it refers to.
    pub links: Vec<SpanLink>,
}

/// A whole trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Trace {
    /// Its summary.
    pub summary: TraceSummary,
    /// Its spans in order of start, at most the requested limit.
    pub spans: Vec<SpanRow>,
}
