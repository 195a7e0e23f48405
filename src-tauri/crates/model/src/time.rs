//! Points and ranges of time. Nothing in here reads a clock.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Maximum distance in nanoseconds of a received timestamp ahead of the local clock: a day.
pub const MAX_FUTURE_NANOS: i64 = 86_400 * NANOS_PER_SECOND;

/// A point in time: nanoseconds since the Unix epoch, UTC. A JavaScript number holds it to 256 ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The timestamp `seconds` after the epoch, clamped to what 64 bits hold.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * NANOS_PER_SECOND as f64) as i64)
    }

    /// The timestamp `milliseconds` after the epoch, clamped to what 64 bits hold.
    pub fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Milliseconds since the epoch, rounded down.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This point moved by `nanos` (which may be negative), clamped to what 64 bits hold.
    pub fn offset(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// The start of the step of `step` nanoseconds that contains this time; steps count from the
    /// epoch.
    pub fn floor(self, step: i64) -> Self {
        Self(self.0.div_euclid(step).saturating_mul(step))
    }

    /// Nanoseconds from `earlier` to this point (negative if `earlier` is later).
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A range of time that includes its start and excludes its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct TimeRange {
    /// First point in the range.
    pub start: Timestamp,
    /// First point after the range.
    pub end: Timestamp,
}

impl TimeRange {
    /// The range from `start` to `end`; empty if `end` is not after `start`.
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// The `seconds` before `end`.
    pub fn last(seconds: i64, end: Timestamp) -> Self {
        Self::new(end.offset(seconds.saturating_mul(NANOS_PER_SECOND).saturating_neg()), end)
    }

    /// Length in nanoseconds, never negative.
    pub fn length(self) -> i64 {
        self.end.since(self.start).max(0)
    }

    /// Returns true if `time` is in the range.
    pub fn contains(self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// Returns the step in nanoseconds that divides the range into at most `points` steps, rounded
    /// up to a length people read easily (1, 2, 5, 10, 15, 30 s, minutes, hours or whole days).
    pub fn step_for(self, points: u32) -> i64 {
        const READABLE: [i64; 22] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 28800, 43200,
            86400, 172_800, 604_800,
        ];
        const WEEK: i64 = 604_800 * NANOS_PER_SECOND;
        let wanted = self.length().div_euclid(i64::from(points.max(1))).max(1);
        READABLE
            .iter()
            .map(|seconds| seconds * NANOS_PER_SECOND)
            .find(|step| *step >= wanted)
            .unwrap_or_else(|| WEEK.saturating_mul(wanted / WEEK + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_readable_and_cover_the_range() {
        let range = TimeRange::last(3600, Timestamp::from_seconds(1e9));
        assert_eq!(range.step_for(300), 15 * NANOS_PER_SECOND);
        let years = TimeRange::last(10 * 365 * 86400, Timestamp::from_seconds(1e9));
        assert!(years.length() / years.step_for(100) <= 100);
    }

    #[test]
    fn floor_works_before_the_epoch() {
        assert_eq!(Timestamp(-1).floor(10), Timestamp(-10));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let extremes = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
        for (start, end) in extremes.into_iter().flat_map(|start| extremes.map(|end| (start, end))) {
            let range = TimeRange::new(Timestamp(start), Timestamp(end));
            assert!([0, 1, u32::MAX].iter().all(|points| range.step_for(*points) > 0));
            assert!(TimeRange::last(start, Timestamp(end)).length() >= 0);
            assert!(
                [1, 10, i64::MAX].iter().all(|step| Timestamp(start).floor(*step).0 <= start.max(-i64::MAX))
            );
        }
    }
}
