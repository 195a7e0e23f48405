//! Requests about logs.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Attributes, Severity, SpanId, TagMatcher, TimeRange, Timestamp, TraceId};

/// A request for log records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LogsRequest {
    /// The search as typed; empty for all.
    pub query: String,
    /// The filters at the top of the console.
    pub matchers: Vec<TagMatcher>,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// At most this many, newest first.
    pub limit: u32,
    /// Go on where an earlier page ended.
    pub cursor: Option<String>,
}

/// One log record as it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// Names the record within its data folder.
    pub id: String,
    /// Time of the event.
    pub time: Timestamp,
    /// Time at which it was first seen by a collector. Zero in evidence of earlier versions.
    #[serde(default)]
    pub observed_time: Timestamp,
    /// Severity.
    pub severity: Severity,
    /// The severity in the sender's words, may be empty.
    pub severity_text: String,
    /// Service.
    pub service: String,
    /// The message.
    pub body: String,
    /// Further attributes.
    pub attributes: Attributes,
    /// Resource that sent it.
    pub resource: Attributes,
    /// Instrumentation scope, may be empty.
    pub scope: String,
    /// Version of the scope, may be empty.
    #[serde(default)]
    pub scope_version: String,
    /// The trace it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span it belongs to.
    pub span_id: Option<SpanId>,
    /// Name of the event, may be empty.
    pub event_name: String,
    /// OpenTelemetry's flags, the lowest byte of which are those of W3C.
    #[serde(default)]
    pub flags: u32,
}

/// One page of log records, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LogPage {
    /// The records.
    pub lines: Vec<LogLine>,
    /// Where the next page begins; none if this is the last.
    pub cursor: Option<String>,
    /// Interpretation of the search as text.
    pub understood: String,
}

/// A request for the number of matching records over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LogCountRequest {
    /// The search as typed; empty for all.
    pub query: String,
    /// The filters at the top of the console.
    pub matchers: Vec<TagMatcher>,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// At most this many steps.
    #[serde(deserialize_with = "crate::requested_points")]
    pub max_points: u32,
}

/// Matching records per step and severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LogCounts {
    /// Length of a step, in nanoseconds.
    pub step: i64,
    /// Starts of the steps, ascending, every step of the range.
    pub times: Vec<Timestamp>,
    /// Per severity name, in order of severity: how many records in each step.
    pub counts: Vec<SeverityCounts>,
    /// Total.
    pub total: u64,
}

/// The counts of one severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeverityCounts {
    /// Name of the severity range.
    pub severity: String,
    /// One count per step.
    pub counts: Vec<u64>,
}
