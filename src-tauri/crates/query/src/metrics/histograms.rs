//! Aggregation of histograms and summaries.

use std::collections::BTreeMap;

use model::{Aggregation, HistogramBuckets, HistogramStep, SeriesPoints};

use super::{
    distribution::Distribution,
    groups::{Grouping, Groups, points},
};

/// Returns the values of each group.
///
/// - Percentiles are taken from the merged buckets.
/// - Percentiles of a summary are interpolated between its quantiles. Several are averaged.
/// - The average is the sum of the measurements divided by their count.
/// - Minimum and maximum are those of the points, or else of the buckets.
pub(super) fn aggregate(series: &[HistogramBuckets], grouping: &Grouping) -> Vec<SeriesPoints> {
    let mut groups: Groups<Measurements> = BTreeMap::new();
    for one in series {
        let group = groups.entry(grouping.group(&one.labels)).or_default();
        for step in &one.steps {
            for time in grouping.windowing.windows(step.time).times() {
                let seconds = grouping.windowing.seconds(time);
                group
                    .entry(time)
                    .or_insert_with(|| Measurements { seconds, ..Measurements::default() })
                    .add(step);
            }
        }
    }
    points(groups, |measurements| measurements.value(grouping.aggregation))
}

/// The measurements of several histograms in one window.
#[derive(Default)]
struct Measurements {
    seconds: f64,
    count: f64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
    distributions: Vec<Distribution>,
    /// The quantiles of each summary.
    summaries: Vec<Vec<(f64, f64)>>,
}

impl Measurements {
    fn add(&mut self, step: &HistogramStep) {
        self.count += step.count;
        self.sum += step.sum;
        self.min = [self.min, step.min].into_iter().flatten().reduce(f64::min);
        self.max = [self.max, step.max].into_iter().flatten().reduce(f64::max);
        if !step.quantiles.is_empty() {
            self.summaries.push(step.quantiles.clone());
        } else if step.count > 0.0 {
            self.distributions.push(Distribution::of(step));
        }
    }

    fn value(&self, aggregation: Aggregation) -> Option<f64> {
        match aggregation {
            Aggregation::Count | Aggregation::Increase => Some(self.count),
            Aggregation::Rate => Some(self.count / self.seconds),
            _ if self.count <= 0.0 && self.summaries.is_empty() => None,
            Aggregation::Average | Aggregation::Last => Some(self.sum / self.count),
            Aggregation::Sum => Some(self.sum),
            Aggregation::Minimum => self.min.or_else(|| self.quantile(0.0)),
            Aggregation::Maximum => self.max.or_else(|| self.quantile(1.0)),
            Aggregation::P50 | Aggregation::P90 | Aggregation::P95 | Aggregation::P99 => {
                self.quantile(aggregation.quantile()?)
            }
        }
    }

    fn quantile(&self, quantile: f64) -> Option<f64> {
        if !self.summaries.is_empty() {
            let values: Vec<f64> =
                self.summaries.iter().filter_map(|summary| summary_quantile(summary, quantile)).collect();
            return (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        }
        Distribution::merge(&self.distributions).quantile(quantile)
    }
}

/// Returns a quantile from the ascending ones of a summary.
///
/// It is interpolated linearly between its neighbours. Beyond the outermost it is theirs.
fn summary_quantile(summary: &[(f64, f64)], quantile: f64) -> Option<f64> {
    let finite: Vec<_> = summary.iter().filter(|(_, value)| value.is_finite()).collect();
    let after = finite.partition_point(|(known, _)| *known < quantile);
    match (after.checked_sub(1).and_then(|before| finite.get(before)), finite.get(after)) {
        (Some((low, below)), Some((high, above))) => {
            Some(below + (above - below) * (quantile - low) / (high - low))
        }
        (Some((_, value)), None) | (None, Some((_, value))) => Some(*value),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use model::{Labels, NANOS_PER_SECOND, TimeRange, Timestamp};

    use super::*;
    use crate::metrics::windowing::{WindowKind, Windowing};

    fn value(series: &[HistogramBuckets], aggregation: Aggregation) -> Option<f64> {
        let step = 10 * NANOS_PER_SECOND;
        let range = TimeRange::new(Timestamp(0), Timestamp(step));
        let windowing = Windowing { range, step, read_step: step, kind: WindowKind::Steps };
        let grouping = Grouping { aggregation, group_by: Vec::new(), windowing };
        aggregate(series, &grouping).first().map(|points| points.values[0])
    }

    #[test]
    fn histograms_count_divide_and_give_percentiles() {
        let series = [HistogramBuckets {
            labels: Labels::new(),
            unit: "s".into(),
            steps: vec![HistogramStep {
                time: Timestamp(0),
                count: 20.0,
                sum: 50.0,
                min: None,
                max: None,
                bounds: vec![1.0, 2.0, 4.0],
                counts: vec![0.0, 10.0, 10.0, 0.0],
                quantiles: vec![],
            }],
        }];
        assert_eq!(value(&series, Aggregation::Rate), Some(2.0));
        assert_eq!(value(&series, Aggregation::Count), Some(20.0));
        assert_eq!(value(&series, Aggregation::Average), Some(2.5));
        assert_eq!(value(&series, Aggregation::P50), Some(2.0));
        assert_eq!(value(&series, Aggregation::Maximum), Some(4.0));
    }

    #[test]
    fn summaries_give_their_quantiles() {
        let step = HistogramStep {
            time: Timestamp(0),
            count: 0.0,
            sum: 0.0,
            min: None,
            max: None,
            bounds: vec![],
            counts: vec![0.0],
            quantiles: vec![(0.5, 2.0), (0.9, 6.0), (0.99, 10.0)],
        };
        let nothing = HistogramStep { quantiles: vec![(0.5, f64::NAN)], ..step.clone() };
        let series =
            [HistogramBuckets { labels: Labels::new(), unit: "s".into(), steps: vec![step, nothing] }];
        assert_eq!(value(&series, Aggregation::P50), Some(2.0));
        assert_eq!(value(&series, Aggregation::P99), Some(10.0));
        assert!((value(&series, Aggregation::P95).unwrap() - (6.0 + 4.0 * 0.05 / 0.09)).abs() < 1e-9);
        assert_eq!(value(&series, Aggregation::Average), None);
    }
}
