//! The part of a range that roll-ups can answer.

use crate::segment::retention_tier::RollupResolution;

/// A range that consists of whole intervals of a roll-up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollupRange {
    pub(crate) resolution: RollupResolution,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl RollupRange {
    /// Returns the whole intervals from `start` to `end` that steps of `step` can be computed from.
    pub(crate) fn new(start: i64, end: i64, step: i64) -> Option<Self> {
        let resolution = RollupResolution::for_step(step)?;
        let length = resolution.length();
        let to = end.saturating_sub(end.rem_euclid(length));
        let from = start.saturating_add((length - start.rem_euclid(length)) % length);
        (from < to).then_some(Self { resolution, from, to })
    }

    /// Returns whether the interval from `first` to `last` is inside the range.
    pub(super) fn covers(&self, first: i64, last: i64) -> bool {
        first >= self.from && last < self.to
    }
}
