//! How far from the expected a band may reach at all.

use crate::statistics::sorted_finite;

/// A band reaches at most this many robust ranges from the expected.
const REACH: f64 = 20.0;
/// Where there is hardly any range, this share of the size of the values takes its place.
const LEAST_RELATIVE_RANGE: f64 = 1e-2;

/// What the values themselves justify, whatever a scale or a season makes of them.
pub(crate) struct Limits {
    /// Smallest value.
    pub(crate) lowest: f64,
    /// Largest value.
    pub(crate) highest: f64,
    /// How far the band may reach from the expected: 20 times the robust range, which is the widest of the distance
    /// between the quartiles (where the middle half of the values is one number, the 98th percentile of the distance
    /// from that number), the noise that chance alone makes, and a hundredth of the median size.
    pub(crate) reach: f64,
}

impl Limits {
    /// The limits of a series with holes (`NaN`) whose chance alone makes a standard deviation of `noise`.
    pub(crate) fn of(values: &[f64], noise: f64) -> Self {
        let sorted = sorted_finite(values);
        let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
        let (lowest, middle, highest) = (at(0.0), at(0.5), at(1.0));
        let mut range = at(0.75) - at(0.25);
        if range <= 0.0 {
            let distances: Vec<f64> = sorted.iter().map(|value| (value - middle).abs()).collect();
            range = crate::quantile(&sorted_finite(&distances), 0.98).unwrap_or(0.0);
        }
        let reach = REACH * range.max(noise).max(middle.abs() * LEAST_RELATIVE_RANGE);
        Self { lowest, highest, reach }
    }

    /// A series that is never negative is never expected to be.
    pub(crate) fn not_below_least(&self, edge: f64) -> f64 {
        if self.lowest >= 0.0 { edge.max(0.0) } else { edge }
    }
}
