//! The maximum distance of a band from the expected values.

use crate::statistics::sorted_finite;

/// A band reaches at most this many robust ranges from the expected.
const REACH: f64 = 20.0;
/// Minimum range, as a share of the size of the values.
const MIN_RELATIVE_RANGE: f64 = 1e-2;

/// Limits of a band that the values themselves justify, independent of scale and season.
pub(crate) struct Limits {
    /// Smallest value.
    pub(crate) lowest: f64,
    /// Largest value.
    pub(crate) highest: f64,
    /// Maximum distance of the band from the expected value: 20 times the robust range.
    ///
    /// The robust range is the largest of the interquartile range, the noise and a hundredth of
    /// the median size. Where the middle half of the values is one number, the 98th percentile of
    /// the distance from it replaces the interquartile range.
    pub(crate) reach: f64,
}

impl Limits {
    /// Computes the limits of a series with holes (`NaN`) and a random standard deviation of
    /// `noise`.
    pub(crate) fn of(values: &[f64], noise: f64) -> Self {
        let sorted = sorted_finite(values);
        let at = |q: f64| crate::quantile(&sorted, q).unwrap_or(0.0);
        let (lowest, middle, highest) = (at(0.0), at(0.5), at(1.0));
        let mut range = at(0.75) - at(0.25);
        if range <= 0.0 {
            let distances: Vec<f64> = sorted.iter().map(|value| (value - middle).abs()).collect();
            range = crate::quantile(&sorted_finite(&distances), 0.98).unwrap_or(0.0);
        }
        let reach = REACH * range.max(noise).max(middle.abs() * MIN_RELATIVE_RANGE);
        Self { lowest, highest, reach }
    }

    /// Raises `value` to zero in a series that is never negative.
    pub(crate) fn raise_to_minimum(&self, edge: f64) -> f64 {
        if self.lowest >= 0.0 { edge.max(0.0) } else { edge }
    }
}
