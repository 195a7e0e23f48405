//! Spans of traces.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Attributes, Resource, Scope, SpanId, Timestamp, TraceId};

/// The role of a span in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Not declared.
    Unspecified,
    /// Work inside a service.
    Internal,
    /// Answering a request.
    Server,
    /// Making a request.
    Client,
    /// Sending a message.
    Producer,
    /// Handling a message.
    Consumer,
}

/// The status of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SpanStatus {
    /// Neither marked good nor failed.
    Unset,
    /// Marked good.
    Ok,
    /// Failed.
    Error,
}

/// An event at one time in a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SpanEvent {
    /// Time.
    pub time: Timestamp,
    /// Name, such as `exception`.
    pub name: String,
    /// Details.
    pub attributes: Attributes,
}

/// A reference from a span to another, in the same trace or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SpanLink {
    /// Trace of the other span.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
    /// Attributes of the link.
    pub attributes: Attributes,
}

/// One span as it was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own identifier.
    pub span_id: SpanId,
    /// The span it was made in; none for a root.
    pub parent_span_id: Option<SpanId>,
    /// The operation.
    pub name: String,
    /// Its role.
    pub kind: SpanKind,
    /// When it began.
    pub start: Timestamp,
    /// Duration in nanoseconds, never negative.
    pub duration: i64,
    /// Status.
    pub status: SpanStatus,
    /// Error message, may be empty.
    pub status_message: String,
    /// W3C trace state, may be empty.
    pub trace_state: String,
    /// Resource that sent it.
    pub resource: Arc<Resource>,
    /// Scope that recorded it.
    pub scope: Arc<Scope>,
    /// Details.
    pub attributes: Attributes,
    /// Events during the span, in time order.
    pub events: Vec<SpanEvent>,
    /// Other spans it refers to.
    pub links: Vec<SpanLink>,
}
