//! Log records.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Attributes, Resource, Scope, SpanId, Timestamp, TraceId};

/// OpenTelemetry's severity number: 1 to 24, 0 where none was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Severity(pub u8);

impl Severity {
    /// Debugging detail.
    pub const DEBUG: Self = Self(5);
    /// Ordinary events.
    pub const INFO: Self = Self(9);
    /// Warnings.
    pub const WARN: Self = Self(13);
    /// Something failed.
    pub const ERROR: Self = Self(17);
    /// The program cannot go on.
    pub const FATAL: Self = Self(21);

    /// The lower-case name of the range of the number, or `unspecified`.
    pub fn name(self) -> &'static str {
        match self.0 {
            1..=4 => "trace",
            5..=8 => "debug",
            9..=12 => "info",
            13..=16 => "warn",
            17..=20 => "error",
            21..=24 => "fatal",
            _ => "unspecified",
        }
    }

    /// The lowest severity of the range named `name` in any case; also the usual short forms, and
    /// OpenTelemetry's names of the others, such as `ERROR2`.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some((range, step)) = name.split_at_checked(name.len().saturating_sub(1))
            && let Some(step) = ["2", "3", "4"].iter().position(|digit| *digit == step)
            && matches!(Self::from_name(range), Some(lowest) if lowest.name().eq_ignore_ascii_case(range))
        {
            return Self::from_name(range).map(|lowest| Self(lowest.0 + 1 + step as u8));
        }
        Some(match name.to_ascii_lowercase().as_str() {
            "trace" | "trc" | "verbose" => Self(1),
            "debug" | "dbg" => Self::DEBUG,
            "info" | "inf" | "information" | "notice" => Self::INFO,
            "warn" | "warning" | "wrn" => Self::WARN,
            "error" | "err" => Self::ERROR,
            "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" | "panic" => Self::FATAL,
            _ => return None,
        })
    }
}

/// One log record as it was received.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// When the event happened (when it was observed, if the sender gives no time).
    pub time: Timestamp,
    /// When it was first seen by a collector.
    pub observed_time: Timestamp,
    /// Severity.
    pub severity: Severity,
    /// The severity as the sender writes it, may be empty.
    pub severity_text: String,
    /// The message; structured bodies as JSON text.
    pub body: String,
    /// Who speaks.
    pub resource: Arc<Resource>,
    /// The instrumentation scope that recorded it.
    pub scope: Arc<Scope>,
    /// All other attributes.
    pub attributes: Attributes,
    /// The trace it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span it belongs to.
    pub span_id: Option<SpanId>,
    /// Name of the event, for records that are events; may be empty.
    pub event_name: String,
}
