//! Trace and span identifiers as statements and rows hold them.

use model::{SpanId, TraceId};

/// Trace identifiers as 32 hexadecimal digits.
pub(crate) fn trace_id_text(column: &str) -> String {
    format!("replace(CAST({column} AS VARCHAR), '-', '')")
}

/// Parses a trace identifier from its hexadecimal digits.
pub(crate) fn trace_id(text: Option<String>) -> Option<TraceId> {
    text?.parse().ok()
}

/// Converts the number that a span identifier is stored as.
pub(crate) fn span_id(number: Option<u64>) -> Option<SpanId> {
    SpanId::from_bytes(&number?.to_be_bytes()).ok()
}
