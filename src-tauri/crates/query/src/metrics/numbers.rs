//! Aggregation of samples: over each window within a series, then across series.

use std::collections::BTreeMap;

use model::{Aggregation, Bucket, SeriesBuckets};

use super::{
    by_time::ByTime,
    distribution::weighted_quantile,
    groups::{GroupPoints, Grouping, Groups, points},
};

/// Returns the values of each group, for aggregations other than rate and increase.
pub(super) fn aggregate(series: &[SeriesBuckets], grouping: &Grouping) -> Vec<GroupPoints> {
    if let Some(quantile) = grouping.aggregation.quantile() {
        return percentiles(series, grouping, quantile);
    }
    let mut groups: Groups<AcrossSeries> = BTreeMap::new();
    for one in series {
        let group = groups.entry(grouping.group(&one.labels)).or_default();
        let mut windows: ByTime<Bucket> = ByTime::default();
        for bucket in &one.buckets {
            for time in grouping.windowing.windows(bucket.time).times() {
                match windows.get_mut(time) {
                    Some(earlier) => join(earlier, bucket),
                    None => windows.insert(time, Bucket { time, ..*bucket }),
                }
            }
        }
        for (time, bucket) in windows {
            if let Some(value) = over_time(grouping, &bucket) {
                group.update(time, |across| across.add(value));
            }
        }
    }
    points(groups, |across| across.value(grouping.aggregation))
}

/// Adds a later bucket of the same series to an earlier one.
fn join(earlier: &mut Bucket, later: &Bucket) {
    earlier.ended = later.ended;
    if later.count == 0 {
        return;
    }
    earlier.last = later.last;
    earlier.min = earlier.min.min(later.min);
    earlier.max = earlier.max.max(later.max);
    earlier.sum += later.sum;
    earlier.count += later.count;
}

/// Returns the value of one series in a window.
fn over_time(grouping: &Grouping, bucket: &Bucket) -> Option<f64> {
    let aggregation = grouping.aggregation;
    let has_ended = grouping.windowing.is_state_at_end() && bucket.ended && aggregation == Aggregation::Last;
    if has_ended || bucket.count == 0 {
        return None;
    }
    match aggregation {
        Aggregation::Average | Aggregation::Sum => Some(bucket.sum / bucket.count as f64),
        Aggregation::Minimum => Some(bucket.min),
        Aggregation::Maximum => Some(bucket.max),
        Aggregation::Last => Some(bucket.last),
        Aggregation::Count => Some(bucket.count as f64),
        Aggregation::Rate
        | Aggregation::Increase
        | Aggregation::P50
        | Aggregation::P90
        | Aggregation::P95
        | Aggregation::P99 => None,
    }
}

/// The values of several series in one window.
#[derive(Default)]
struct AcrossSeries {
    sum: f64,
    count: u32,
    min: Option<f64>,
    max: Option<f64>,
}

impl AcrossSeries {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
    }

    fn value(&self, aggregation: Aggregation) -> Option<f64> {
        match aggregation {
            Aggregation::Average => Some(self.sum / f64::from(self.count)),
            Aggregation::Minimum => self.min,
            Aggregation::Maximum => self.max,
            _ => Some(self.sum),
        }
    }
}

/// Returns percentiles of samples.
///
/// A bucket of up to three samples has them exactly: smallest, largest, rest. In a bucket of more
/// samples the rest is at its mean. NaN is left out, and with it in a bucket the rest is in the
/// middle.
fn percentiles(series: &[SeriesBuckets], grouping: &Grouping, quantile: f64) -> Vec<GroupPoints> {
    let mut groups: Groups<Vec<(f64, f64)>> = BTreeMap::new();
    for one in series {
        let group = groups.entry(grouping.group(&one.labels)).or_default();
        for bucket in &one.buckets {
            let rest = bucket.count as f64 - 2.0;
            let mean = match (bucket.sum - bucket.min - bucket.max) / rest {
                mean if mean.is_nan() => bucket.min.midpoint(bucket.max),
                mean => mean,
            };
            let samples = match bucket.count {
                0 => vec![],
                1 => vec![(bucket.last, 1.0)],
                2 => vec![(bucket.min, 1.0), (bucket.max, 1.0)],
                _ => vec![(bucket.min, 1.0), (bucket.max, 1.0), (mean, rest)],
            };
            for time in grouping.windowing.windows(bucket.time).times() {
                group.update(time, |values: &mut Vec<(f64, f64)>| {
                    values.extend(samples.iter().filter(|sample| !sample.0.is_nan()));
                });
            }
        }
    }
    points(groups, |mut values| weighted_quantile(&mut values, quantile))
}

#[cfg(test)]
mod tests {
    use model::{Labels, MetricKind, NANOS_PER_SECOND, TimeRange, Timestamp};

    use super::*;
    use crate::metrics::{
        groups::sort_largest_first,
        windowing::{WindowKind, Windowing},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * NANOS_PER_SECOND)
    }

    fn bucket(time: Timestamp, values: &[f64]) -> Bucket {
        Bucket {
            time,
            first: values[0],
            last: *values.last().unwrap(),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            sum: values.iter().sum(),
            count: values.iter().filter(|value| !value.is_nan()).count() as u64,
            ended: false,
        }
    }

    fn two_series() -> Vec<SeriesBuckets> {
        [
            ("a", vec![bucket(at(0), &[1.0, 3.0])]),
            ("b", vec![bucket(at(0), &[10.0]), bucket(at(10), &[f64::NAN])]),
        ]
        .into_iter()
        .map(|(service, buckets)| SeriesBuckets {
            labels: Labels::from([("service.name".into(), service.into())]),
            unit: String::new(),
            kind: MetricKind::Counter,
            buckets,
        })
        .collect()
    }

    /// Groups the values of steps of this many seconds.
    fn steps(aggregation: Aggregation, seconds: i64, group_by: &[&str]) -> Grouping {
        let step = seconds * NANOS_PER_SECOND;
        let range = TimeRange::new(at(0), at(20));
        Grouping {
            aggregation,
            group_by: group_by.iter().map(|key| (*key).to_owned()).collect(),
            windowing: Windowing { range, step, read_step: step, kind: WindowKind::Steps },
        }
    }

    fn one(aggregation: Aggregation) -> Vec<f64> {
        let groups = aggregate(&two_series(), &steps(aggregation, 5, &[]));
        groups.into_iter().flat_map(|group| group.points.values).collect()
    }

    #[test]
    fn every_aggregation_reduces_over_time_and_then_across_series() {
        assert_eq!(one(Aggregation::Average), [6.0]);
        assert_eq!(one(Aggregation::Sum), [12.0]);
        assert_eq!(one(Aggregation::Minimum), [1.0]);
        assert_eq!(one(Aggregation::Maximum), [10.0]);
        assert_eq!(one(Aggregation::Last), [13.0]);
        assert_eq!(one(Aggregation::Count), [3.0]);
        assert_eq!(one(Aggregation::P50), [3.0]);
    }

    #[test]
    fn groups_have_the_labels_of_the_query() {
        let groups = aggregate(&two_series(), &steps(Aggregation::Last, 5, &["service", "absent"]));
        let mut groups: Vec<_> = groups.into_iter().map(|group| group.points).collect();
        sort_largest_first(&mut groups);
        assert_eq!(groups[0].labels, Labels::from([("service".into(), "b".into())]));
        assert_eq!(groups.len(), 2);
    }

    #[test]
    fn buckets_of_a_series_join_inside_a_window() {
        let mut series = two_series();
        series.truncate(1);
        series[0].buckets.push(bucket(at(10), &[8.0]));
        let joined = |aggregation| aggregate(&series, &steps(aggregation, 20, &[]))[0].points.values.clone();
        assert_eq!(joined(Aggregation::Average), [4.0]);
        assert_eq!(joined(Aggregation::Last), [8.0]);
        assert_eq!(joined(Aggregation::P50), [3.0]);
    }
}
