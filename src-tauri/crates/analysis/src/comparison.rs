//! Comparison of two ranges.

use model::{Comparison, ComparisonSide, ComparisonVerdict, TimeRange};

use crate::{
    change::{ChangeFormat, direction},
    figures::percent,
    quantile,
    rank_test::{exceedance, mann_whitney},
    resampling::{Resampler, SplitMix},
    statistics::{finite, mean, sorted_finite},
};

/// Minimum number of values per side.
const MIN_VALUES: usize = 30;
/// At most this many values a side are ranked.
const MAX_RANKED: usize = 50_000;
const REPLICATES: usize = 1_000;
/// Confidence of the reported intervals.
const CONFIDENCE: f64 = 0.95;
/// Minimum relative change of the median that is reported.
const MIN_CHANGE: f64 = 0.01;
/// Minimum relative change of the tail alone that is reported.
const MIN_TAIL_CHANGE: f64 = 0.1;
/// Significance level of the tail when the median is unchanged. A second test doubles the chance
/// of a false positive, so it is stricter.
const TAIL_ERROR: f64 = 0.005;

/// Compares the values of two ranges. Values that are not finite are ignored. The autocorrelation
/// of values in order of arrival is taken into account.
///
/// The verdict is `Higher` or `Lower` in two cases:
///
/// 1. The median moved: Mann–Whitney p below 0.05, the 95% interval excludes 0, and the change is
///    at least 1%.
/// 2. Only the tail moved: p95 by at least 10%, with interval and exceedance test at 99.5%.
///
/// Intervals are percentile intervals of a seeded block bootstrap of 1,000 replicates.
pub fn compare(before: &[f64], after: &[f64], before_range: TimeRange, after_range: TimeRange) -> Comparison {
    let [earlier, later] = [before, after]
        .map(|values| -> Vec<f64> { values.iter().copied().filter(|value| value.is_finite()).collect() });
    let left = side(&earlier, before_range);
    let right = side(&later, after_range);
    let change = |from: f64, to: f64| (from != 0.0).then(|| finite((to / from.abs()) - from.signum()));
    let median_change =
        change(left.median, right.median).filter(|_| !earlier.is_empty() && !later.is_empty());
    let p95_change = change(left.p95, right.p95).filter(|_| !earlier.is_empty() && !later.is_empty());
    let mut comparison = Comparison {
        before: left,
        after: right,
        median_change,
        median_change_interval: None,
        p95_change,
        p95_change_interval: None,
        p_value: 1.0,
        verdict: ComparisonVerdict::NotEnoughData,
        summary: String::new(),
    };
    if earlier.len() < MIN_VALUES || later.len() < MIN_VALUES {
        comparison.summary = format!(
            "not enough data: {} values before and {} after, {MIN_VALUES} are needed on each side",
            earlier.len(),
            later.len()
        );
        return comparison;
    }

    let replicates = Replicates::draw(&earlier, &later);
    let inflation = replicates.inflation;
    comparison.median_change_interval =
        replicates.relative(0, 1.0 - CONFIDENCE).filter(|_| median_change.is_some());
    comparison.p95_change_interval =
        replicates.relative(1, 1.0 - CONFIDENCE).filter(|_| p95_change.is_some());
    let [ranked_before, ranked_after] = [&earlier, &later].map(|values| -> Vec<f64> {
        values.iter().copied().step_by(values.len().div_ceil(MAX_RANKED)).collect()
    });
    comparison.p_value = mann_whitney(&ranked_before, &ranked_after, inflation);

    let middle = replicates.direction(0, 0.05).filter(|_| {
        comparison.p_value < 0.05 && median_change.is_none_or(|change| change.abs() >= MIN_CHANGE)
    });
    let limit = comparison.before.p95.min(comparison.after.p95);
    let tail = replicates.direction(1, TAIL_ERROR).filter(|_| {
        exceedance(&earlier, &later, limit, inflation) < TAIL_ERROR
            && p95_change.is_none_or(|change| change.abs() >= MIN_TAIL_CHANGE)
    });
    comparison.verdict = match middle.or(tail) {
        Some(true) => ComparisonVerdict::Higher,
        Some(false) => ComparisonVerdict::Lower,
        None => ComparisonVerdict::NoDifference,
    };
    comparison.summary = summary(&comparison, middle.is_some());
    comparison
}

fn side(values: &[f64], range: TimeRange) -> ComparisonSide {
    let sorted = sorted_finite(values);
    let at = |q: f64| quantile(&sorted, q).unwrap_or_default();
    ComparisonSide {
        range,
        count: values.len() as u64,
        mean: finite(mean(&sorted)),
        median: at(0.5),
        p95: at(0.95),
        quantiles: if sorted.is_empty() {
            Vec::new()
        } else {
            (0..=100).map(|index| at(f64::from(index) / 100.0)).collect()
        },
    }
}

/// Bootstrap replicates of the median and the p95 of both sides.
struct Replicates {
    drawn: Vec<([f64; 2], [f64; 2])>,
    inflation: f64,
}

impl Replicates {
    fn draw(before: &[f64], after: &[f64]) -> Self {
        let (mut left, mut right) = (Resampler::new(before), Resampler::new(after));
        let mut random = SplitMix(0x0062_696e_6e61_636c);
        let quantiles = [0.5, 0.95];
        let drawn = (0..REPLICATES)
            .map(|_| (left.draw(&mut random, quantiles), right.draw(&mut random, quantiles)))
            .collect();
        Self { drawn, inflation: left.inflation.max(right.inflation) }
    }

    /// Returns the interval of the relative change of one of the two quantiles. `error` is the
    /// probability of a value outside it.
    fn relative(&self, which: usize, error: f64) -> Option<(f64, f64)> {
        let changes: Vec<f64> = self
            .drawn
            .iter()
            .filter(|(before, _)| before[which] != 0.0)
            .map(|(before, after)| finite(after[which] / before[which].abs() - before[which].signum()))
            .collect();
        (changes.len() * 2 > REPLICATES).then(|| edges(changes, error)).flatten()
    }

    /// Returns true if one of the two quantiles rose, false if it fell, none if neither is certain.
    fn direction(&self, which: usize, error: f64) -> Option<bool> {
        let differences =
            self.drawn.iter().map(|(before, after)| finite(after[which] - before[which])).collect();
        let (low, high) = edges(differences, error)?;
        if low > 0.0 {
            Some(true)
        } else if high < 0.0 {
            Some(false)
        } else {
            None
        }
    }
}

fn edges(values: Vec<f64>, error: f64) -> Option<(f64, f64)> {
    let sorted = sorted_finite(&values);
    Some((quantile(&sorted, error / 2.0)?, quantile(&sorted, 1.0 - error / 2.0)?))
}

fn summary(comparison: &Comparison, middle: bool) -> String {
    let shares = ChangeFormat {
        number: |size| percent(size).trim_end_matches('%').to_owned(),
        unit: "%",
        per: "",
        confidence: CONFIDENCE,
    };
    let moved = |name: &str, change: Option<f64>, interval, difference: f64| match change {
        Some(change) => format!("{name} {}", shares.change(change, interval)),
        None => format!("{name} {} from zero", direction(difference)),
    };
    let (before, after) = (&comparison.before, &comparison.after);
    match comparison.verdict {
        ComparisonVerdict::NotEnoughData => "not enough data".to_owned(),
        ComparisonVerdict::NoDifference => match comparison.median_change_interval {
            Some((low, high)) => {
                format!("no significant difference (median {})", shares.interval(low, high))
            }
            None => "no significant difference".to_owned(),
        },
        _ if middle => {
            let interval = comparison.median_change_interval;
            let median = moved("median", comparison.median_change, interval, after.median - before.median);
            match comparison.p95_change {
                Some(change) if change.abs() >= 0.005 => {
                    format!("{median}, p95 {}", shares.change(change, None))
                }
                _ => median,
            }
        }
        _ => {
            let interval = comparison.p95_change_interval;
            let tail = moved("p95", comparison.p95_change, interval, after.p95 - before.p95);
            format!("{tail}; no clear change of the median")
        }
    }
}
