//! Questions about traces.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Attributes, SpanEvent, SpanId, SpanKind, SpanLink, SpanStatus, TagMatcher, TimeRange, Timestamp, TraceId,
};

/// In what order traces come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TraceOrder {
    /// Latest start first.
    Newest,
    /// Longest first.
    Slowest,
}

/// Which traces? A trace is found when one of its spans matches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TracesRequest {
    /// The search as typed; empty for all.
    pub query: String,
    /// The filters at the top of the console.
    pub matchers: Vec<TagMatcher>,
    /// When the matching span started.
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
    /// How many spans it has.
    pub spans: u32,
    /// How many failed.
    pub errors: u32,
    /// Services in it, in name order.
    pub services: Vec<String>,
    /// Whether its root span is here.
    pub complete: bool,
}

/// Traces that match, with where they lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TracePage {
    /// The traces.
    pub traces: Vec<TraceSummary>,
    /// Whether there are more than the limit.
    pub more: bool,
    /// How the search was understood, for people.
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
    /// How it ended.
    pub status: SpanStatus,
    /// What went wrong, may be empty.
    pub status_message: String,
    /// Details.
    pub attributes: Attributes,
    /// Who speaks.
    pub resource: Attributes,
    /// Instrumentation scope, may be empty.
    pub scope: String,
    /// What happened during it.
    pub events: Vec<SpanEvent>,
    /// Other spans it refers to.
    pub links: Vec<SpanLink>,
}

/// A whole trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Trace {
    /// Its summary.
    pub summary: TraceSummary,
    /// Its spans in order of start; at most the limit asked for.
    pub spans: Vec<SpanRow>,
}
