//! Rank test of two samples.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::statistics::{ranks, sorted_finite, tie_groups};

/// Returns the two-sided probability of such ranks if both samples came from one distribution.
///
/// This is Mann–Whitney U by its normal approximation, corrected for ties and continuity (Mann and
/// Whitney 1947, Lehmann 1975). Autocorrelation inflates the variance by `inflation`, at least 1.
/// Returns 1 if a sample is empty.
pub(crate) fn mann_whitney(before: &[f64], after: &[f64], inflation: f64) -> f64 {
    let (left, right) = (before.len() as f64, after.len() as f64);
    if before.is_empty() || after.is_empty() {
        return 1.0;
    }
    let pooled: Vec<f64> = before.iter().chain(after).copied().collect();
    let rank_sum: f64 = ranks(&pooled)[..before.len()].iter().sum();
    let statistic = rank_sum - left * (left + 1.0) / 2.0;
    let total = left + right;
    let ties: f64 =
        tie_groups(&sorted_finite(&pooled)).into_iter().map(|count| count * count * count - count).sum();
    let variance = left * right / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return 1.0;
    }
    let distance = ((statistic - left * right / 2.0).abs() - 0.5).max(0.0);
    (2.0 * Normal::standard().cdf(-distance / (variance * inflation).sqrt())).min(1.0)
}

/// Probability, on both sides, of shares of values above `limit` as different as these if both
/// samples came from one distribution (two-proportion z-test with a pooled share). `inflation` as
/// in [`mann_whitney`].
pub(crate) fn exceedance(before: &[f64], after: &[f64], limit: f64, inflation: f64) -> f64 {
    let share = |values: &[f64]| values.iter().filter(|value| **value > limit).count() as f64;
    let (left, right) = (before.len() as f64, after.len() as f64);
    let (above_left, above_right) = (share(before), share(after));
    let pooled = (above_left + above_right) / (left + right);
    let variance = pooled * (1.0 - pooled) * (1.0 / left + 1.0 / right) * inflation;
    if variance.is_nan() || variance <= 0.0 {
        return 1.0;
    }
    let distance = (above_left / left - above_right / right).abs();
    (2.0 * Normal::standard().cdf(-distance / variance.sqrt())).min(1.0)
}
