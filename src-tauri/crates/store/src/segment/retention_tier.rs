//! Retention tiers: the age limit that a segment falls under, and the roll-ups that outlive its
//! points.

use model::{DataResolution, NANOS_PER_SECOND};

/// The length of the intervals of a roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RollupResolution {
    Hours,
    Minutes,
}

/// A roll-up is written where it has this many times fewer intervals than points.
const MIN_REDUCTION: u64 = 8;

impl RollupResolution {
    /// Returns the coarsest resolution that intervals of a length can be computed from.
    pub(crate) fn for_step(step: i64) -> Option<Self> {
        [Self::Hours, Self::Minutes].into_iter().find(|resolution| step % resolution.length() == 0)
    }

    /// Returns the length of an interval in nanoseconds.
    pub(crate) fn length(self) -> i64 {
        match self {
            Self::Hours => 3600 * NANOS_PER_SECOND,
            Self::Minutes => 60 * NANOS_PER_SECOND,
        }
    }

    /// Returns the resolution of its files.
    pub(crate) fn of_files(self) -> DataResolution {
        match self {
            Self::Hours => DataResolution::Hours,
            Self::Minutes => DataResolution::Minutes,
        }
    }

    /// Returns the roll-ups of points in a retention tier.
    pub(crate) fn of_tier(retention_tier: DataResolution) -> &'static [Self] {
        match retention_tier {
            DataResolution::Points => &[Self::Minutes, Self::Hours],
            DataResolution::Minutes => &[Self::Hours],
            DataResolution::Hours => &[],
        }
    }
}

/// Returns the tier of a series, by its points and by the minutes and hours that hold any. Where a
/// roll-up would not be much smaller than the points, the points are retained in its place.
pub(crate) fn tier_of(points: u64, minutes: u64, hours: u64) -> DataResolution {
    if minutes.saturating_mul(MIN_REDUCTION) <= points {
        DataResolution::Points
    } else if hours.saturating_mul(MIN_REDUCTION) <= points {
        DataResolution::Minutes
    } else {
        DataResolution::Hours
    }
}
