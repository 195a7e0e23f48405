//! Reads of telemetry.

mod buckets;
mod catalog;
mod detail;
mod exemplars;
mod histogram_sources;
mod histograms;
mod logs;
mod services;
mod traces;

pub use services::ServiceStep;
pub(crate) use services::requests_table;

use model::{SpanId, TimeRange, TraceId};

use crate::StoreError;

/// Steps an answer may have.
const MOST_STEPS: i64 = 100_000;
/// Records or series an answer may have.
const MOST_ROWS: u32 = 100_000;

/// Start and end of a range, far enough from the ends of 64 bits for the arithmetic of steps.
pub(crate) fn bounds(range: TimeRange) -> (i64, i64) {
    let limit = i64::MAX / 2;
    // The upper end reaches the year 2262, the lower one 1823.
    (range.start.0.clamp(-limit, i64::MAX - 1), range.end.0.clamp(-limit, i64::MAX - 1))
}

/// A step that can be computed with and that does not cut the range into too many pieces.
pub(crate) fn valid_step(range: TimeRange, step: i64) -> Result<i64, StoreError> {
    if step <= 0 {
        return Err(StoreError::InvalidRequest(format!("a step of {step} ns is not positive")));
    }
    if range.length() / step > MOST_STEPS {
        return Err(StoreError::InvalidRequest(format!(
            "a step of {step} ns cuts the range into more than {MOST_STEPS} pieces"
        )));
    }
    Ok(step.min(i64::MAX / 4))
}

/// Trace identifiers as 32 hexadecimal digits.
pub(crate) fn trace_id_text(column: &str) -> String {
    format!("replace(CAST({column} AS VARCHAR), '-', '')")
}

fn trace_id(text: Option<String>) -> Option<TraceId> {
    text?.parse().ok()
}

fn span_id(number: Option<u64>) -> Option<SpanId> {
    SpanId::from_bytes(&number?.to_be_bytes()).ok()
}
