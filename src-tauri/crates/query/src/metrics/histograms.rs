//! Aggregation of histograms and summaries.

use std::collections::BTreeMap;

use model::{Aggregation, HistogramBuckets};

use super::{
    counters::Increase,
    distribution::Distribution,
    groups::{GroupPoints, Grouping, Groups, group_points},
    measured::{Measured, measured},
};

/// Returns the values of each group. Rates and increases are those of the sum of the measurements
/// if `of_sum` is set, and those of their number otherwise.
///
/// - Percentiles are taken from the merged buckets.
/// - Percentiles of a summary are interpolated between its quantiles. Several are averaged.
/// - The average is the sum of the measurements divided by their count.
/// - Minimum and maximum are those of the points, or else of the buckets.
pub(super) fn aggregate(series: &[HistogramBuckets], grouping: &Grouping, of_sum: bool) -> Vec<GroupPoints> {
    let mut groups: Groups<Measurements> = BTreeMap::new();
    for one in series {
        let group = groups.entry(grouping.group(&one.labels)).or_default();
        for window in grouping.windowing.all() {
            if let Some(measured) = measured(one, window) {
                group.update(window.time, |total| total.add(measured));
            }
        }
    }
    group_points(groups, |time, measurements| {
        let total = if of_sum { measurements.sum } else { measurements.count };
        let increase = measurements.has_counts.then_some(total);
        match grouping.aggregation {
            Aggregation::Count | Aggregation::Increase => {
                increase.map(|increase| (increase.value, Some(increase.observed)))
            }
            Aggregation::Rate => increase.map(|increase| {
                let seconds = grouping.windowing.seconds(time);
                (increase.value / seconds, Some(increase.observed / seconds))
            }),
            aggregation => Some((measurements.value(aggregation)?, None)),
        }
    })
}

/// The measurements of several histograms in one window.
#[derive(Default)]
struct Measurements {
    /// True if the window has enough points of any of them.
    has_counts: bool,
    count: Increase,
    sum: Increase,
    min: Option<f64>,
    max: Option<f64>,
    distributions: Vec<Distribution>,
    /// The quantiles of each summary.
    summaries: Vec<Vec<(f64, f64)>>,
}

impl Measurements {
    fn add(&mut self, measured: Measured) {
        let Measured { counts, min, max, quantiles } = measured;
        self.min = [self.min, min].into_iter().flatten().reduce(f64::min);
        self.max = [self.max, max].into_iter().flatten().reduce(f64::max);
        if !quantiles.is_empty() {
            self.summaries.push(quantiles);
        }
        if let Some((count, sum, distribution)) = counts {
            self.has_counts = true;
            self.count.add(count);
            self.sum.add(sum);
            self.distributions.push(distribution);
        }
    }

    fn value(&self, aggregation: Aggregation) -> Option<f64> {
        let has_count = self.has_counts && self.count.value > 0.0;
        match aggregation {
            Aggregation::Sum => self.has_counts.then_some(self.sum.value),
            _ if !has_count && self.summaries.is_empty() => None,
            Aggregation::Average | Aggregation::Last => has_count.then(|| self.sum.value / self.count.value),
            Aggregation::Minimum => self.min.or_else(|| self.quantile(0.0)),
            Aggregation::Maximum => self.max.or_else(|| self.quantile(1.0)),
            _ => self.quantile(aggregation.quantile()?),
        }
    }

    fn quantile(&self, quantile: f64) -> Option<f64> {
        if !self.summaries.is_empty() {
            let quantiles = self.summaries.iter().filter_map(|summary| summary_quantile(summary, quantile));
            let (unknown, values): (Vec<f64>, Vec<f64>) = quantiles.partition(|value| value.is_nan());
            let mean = || values.iter().sum::<f64>() / values.len() as f64;
            return if values.is_empty() { unknown.first().copied() } else { Some(mean()) };
        }
        Distribution::merge(&self.distributions).quantile(quantile)
    }
}

/// Returns a quantile from the ascending ones of a summary.
///
/// It is interpolated linearly between its neighbours. Beyond the outermost it is theirs. It is NaN
/// if all of them are, as without measurements.
fn summary_quantile(summary: &[(f64, f64)], quantile: f64) -> Option<f64> {
    let known: Vec<_> = summary.iter().filter(|(_, value)| !value.is_nan()).collect();
    let after = known.partition_point(|(known, _)| *known < quantile);
    match (after.checked_sub(1).and_then(|before| known.get(before)), known.get(after)) {
        (_, Some((exact, value))) if *exact == quantile => Some(*value),
        (Some((low, below)), Some((high, above))) => {
            Some(below + (above - below) * (quantile - low) / (high - low))
        }
        (Some((_, value)), None) | (None, Some((_, value))) => Some(*value),
        (None, None) => summary.first().map(|(_, value)| *value),
    }
}

#[cfg(test)]
mod tests {
    use model::{HistogramCounts, HistogramStep, Labels, NANOS_PER_SECOND, SampleSpan, TimeRange, Timestamp};

    use super::*;
    use crate::metrics::windowing::{WindowKind, Windowing};

    const STEP: i64 = 10 * NANOS_PER_SECOND;

    fn value(steps: Vec<HistogramStep>, aggregation: Aggregation) -> Option<f64> {
        let range = TimeRange::new(Timestamp(0), Timestamp(STEP));
        let windowing = Windowing { range, step: STEP, read_step: STEP, kind: WindowKind::Steps };
        let grouping = Grouping { aggregation, group_by: Vec::new(), windowing };
        let series = steps.into_iter().map(|step| HistogramBuckets {
            labels: Labels::new(),
            unit: "s".into(),
            is_delta: false,
            steps: vec![step],
        });
        aggregate(&series.collect::<Vec<_>>(), &grouping, false).first().map(|group| group.points.values[0])
    }

    fn step(increase: HistogramCounts, quantiles: &[(f64, f64)]) -> HistogramStep {
        HistogramStep {
            span: SampleSpan {
                previous: None,
                is_after_gap: true,
                start: None,
                first: Timestamp(0),
                last: Timestamp(STEP - 1),
                count: 2,
                steady: STEP - 1,
                interval: STEP - 1,
                ended: None,
            },
            first: HistogramCounts { count: 1e9, sum: 1e9, ..HistogramCounts::default() },
            gain: HistogramCounts::default(),
            steady_count: increase.count,
            increase,
            min: None,
            max: None,
            quantiles: quantiles.to_vec(),
        }
    }

    #[test]
    fn histograms_count_divide_and_give_percentiles() {
        let increase = HistogramCounts {
            count: 20.0,
            sum: 50.0,
            bounds: vec![1.0, 2.0, 4.0],
            counts: vec![0.0, 10.0, 10.0, 0.0],
        };
        for (aggregation, expected) in [
            (Aggregation::Rate, 2.0),
            (Aggregation::Count, 20.0),
            (Aggregation::Average, 2.5),
            (Aggregation::P50, 2.0),
            (Aggregation::Maximum, 4.0),
        ] {
            let found = value(vec![step(increase.clone(), &[])], aggregation).unwrap();
            assert!((found - expected).abs() < 1e-6, "{aggregation:?} {found}");
        }
    }

    #[test]
    fn summaries_give_their_quantiles() {
        let summary = step(HistogramCounts::default(), &[(0.5, 2.0), (0.9, 6.0), (0.99, 10.0)]);
        let nothing = step(HistogramCounts::default(), &[(0.5, f64::NAN)]);
        let value = |aggregation| value(vec![summary.clone(), nothing.clone()], aggregation);
        assert_eq!(value(Aggregation::P50), Some(2.0));
        assert_eq!(value(Aggregation::P99), Some(10.0));
        assert!((value(Aggregation::P95).unwrap() - (6.0 + 4.0 * 0.05 / 0.09)).abs() < 1e-9);
        assert_eq!(value(Aggregation::Average), None);
    }
}
