//! Limits of requests and answers.

use model::TimeRange;

use crate::StoreError;

/// The number of steps in an answer, at most.
const MAX_STEPS: i64 = 100_000;
/// The number of records or series in an answer, at most.
pub(crate) const MAX_ROWS: u32 = 100_000;
/// The memory that the records of an answer take, about and at most. The record that goes beyond it
/// is the last one.
pub(crate) const MAX_RECORD_BYTES: u64 = 32 << 20;

/// Returns start and end of a range, far enough from the limits of 64 bits for the arithmetic of
/// steps.
pub(crate) fn bounds(range: TimeRange) -> (i64, i64) {
    let limit = i64::MAX / 2;
    // The upper end reaches the year 2262, the lower one 1823.
    (range.start.0.clamp(-limit, i64::MAX - 1), range.end.0.clamp(-limit, i64::MAX - 1))
}

/// Validates a step: positive, and at most [`MAX_STEPS`] in the range.
pub(crate) fn valid_step(range: TimeRange, step: i64) -> Result<i64, StoreError> {
    if step <= 0 {
        return Err(StoreError::InvalidRequest(format!("a step of {step} ns is not positive")));
    }
    if range.length() / step > MAX_STEPS {
        return Err(StoreError::InvalidRequest(format!(
            "a step of {step} ns divides the range into more than {MAX_STEPS} intervals"
        )));
    }
    Ok(step.min(i64::MAX / 4))
}
