//! Comparison of times with the end of a range.

/// Returns whether a time is before an end. The largest number means no end.
pub(crate) fn before(time: i64, end: i64) -> bool {
    time < end || end == i64::MAX
}
