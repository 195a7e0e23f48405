//! From the steps of series to one value per step and group. Pure.

use std::collections::BTreeMap;

use model::{
    Aggregation, Bucket, HistogramBuckets, HistogramStep, Labels, SeriesBuckets, SeriesPoints, Timestamp,
};

use crate::distribution::{Distribution, weighted_quantile};

/// How values are laid out in time and told apart.
pub(crate) struct Layout<'a> {
    /// How samples become values.
    pub aggregation: Aggregation,
    /// Labels to keep apart.
    pub group_by: &'a [String],
    /// Where the value of a moment is put.
    pub slots: &'a dyn Fn(Timestamp) -> Slots,
    /// Whether a slot tells how things stand at its end: a series that has ended then has no last value.
    pub stands: bool,
    /// Seconds that the slot at a time covers.
    pub seconds: &'a dyn Fn(Timestamp) -> f64,
}

/// The slots that one moment counts for: one, or several when windows overlap.
#[derive(Clone, Copy)]
pub(crate) struct Slots {
    /// The first slot.
    pub first: Timestamp,
    /// From one slot to the next, in nanoseconds.
    pub step: i64,
    /// How many.
    pub count: i64,
}

impl Slots {
    /// One slot only.
    pub(crate) fn one(first: Timestamp) -> Self {
        Self { first, step: 0, count: 1 }
    }

    fn times(self) -> impl Iterator<Item = Timestamp> {
        (0..self.count).map(move |index| self.first.offset(self.step.saturating_mul(index)))
    }
}

type Groups<T> = BTreeMap<Labels, BTreeMap<Timestamp, T>>;

/// The name a tag has in stored labels when people use its short name.
fn stored_key(key: &str) -> &str {
    match key {
        "service" => "service.name",
        "host" => "host.name",
        "environment" => "deployment.environment.name",
        other => other,
    }
}

fn group_of(labels: &Labels, group_by: &[String]) -> Labels {
    group_by
        .iter()
        .filter_map(|key| {
            let value = labels.get(stored_key(key)).or_else(|| labels.get(key.as_str()))?;
            Some((key.clone(), value.clone()))
        })
        .collect()
}

/// Values of gauges and counters per group: over the slot within a series, then across the series.
pub(crate) fn numbers(series: &[SeriesBuckets], layout: &Layout<'_>) -> Vec<SeriesPoints> {
    if let Some(quantile) = layout.aggregation.quantile() {
        return percentiles(series, layout, quantile);
    }
    let mut groups: Groups<Across> = BTreeMap::new();
    for one in series {
        let group = groups.entry(group_of(&one.labels, layout.group_by)).or_default();
        let mut slots: BTreeMap<Timestamp, Bucket> = BTreeMap::new();
        for bucket in &one.buckets {
            for time in (layout.slots)(bucket.time).times() {
                slots
                    .entry(time)
                    .and_modify(|known| join(known, bucket))
                    .or_insert(Bucket { time, ..*bucket });
            }
        }
        for (time, bucket) in slots {
            if let Some(value) = over_time(layout, &bucket) {
                group.entry(time).or_default().add(value);
            }
        }
    }
    points(groups, |across| across.value(layout.aggregation))
}

/// Adds a later bucket of the same series to an earlier one.
fn join(known: &mut Bucket, later: &Bucket) {
    known.ended = later.ended;
    if later.count == 0 {
        return;
    }
    known.last = later.last;
    known.min = known.min.min(later.min);
    known.max = known.max.max(later.max);
    known.sum += later.sum;
    known.count += later.count;
    known.increase += later.increase;
}

fn over_time(layout: &Layout<'_>, bucket: &Bucket) -> Option<f64> {
    let over = layout.stands && bucket.ended && layout.aggregation == Aggregation::Last;
    if over || bucket.count == 0 {
        return None;
    }
    let value = match layout.aggregation {
        Aggregation::Average | Aggregation::Sum => bucket.sum / bucket.count as f64,
        Aggregation::Minimum => bucket.min,
        Aggregation::Maximum => bucket.max,
        Aggregation::Last => bucket.last,
        Aggregation::Count => bucket.count as f64,
        Aggregation::Rate => bucket.increase / (layout.seconds)(bucket.time),
        Aggregation::Increase => bucket.increase,
        Aggregation::P50 | Aggregation::P90 | Aggregation::P95 | Aggregation::P99 => return None,
    };
    value.is_finite().then_some(value)
}

#[derive(Default)]
struct Across {
    sum: f64,
    count: u32,
    min: Option<f64>,
    max: Option<f64>,
}

impl Across {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        self.min = Some(self.min.map_or(value, |known| known.min(value)));
        self.max = Some(self.max.map_or(value, |known| known.max(value)));
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

/// Percentiles of samples. A bucket of up to three samples gives them exactly (smallest, largest, rest);
/// of more samples the rest are taken at their mean.
fn percentiles(series: &[SeriesBuckets], layout: &Layout<'_>, quantile: f64) -> Vec<SeriesPoints> {
    let mut groups: Groups<Vec<(f64, f64)>> = BTreeMap::new();
    for one in series {
        let group = groups.entry(group_of(&one.labels, layout.group_by)).or_default();
        for bucket in &one.buckets {
            let rest = bucket.count as f64 - 2.0;
            let mean = (bucket.sum - bucket.min - bucket.max) / rest;
            let parts = match bucket.count {
                0 => vec![],
                1 => vec![(bucket.last, 1.0)],
                2 => vec![(bucket.min, 1.0), (bucket.max, 1.0)],
                _ => vec![(bucket.min, 1.0), (bucket.max, 1.0), (mean, rest)],
            };
            for time in (layout.slots)(bucket.time).times() {
                let values = group.entry(time).or_default();
                values.extend(parts.iter().filter(|part| part.0.is_finite()));
            }
        }
    }
    points(groups, |mut values| weighted_quantile(&mut values, quantile))
}

/// Values of histograms per group. Percentiles come from the merged buckets; those of
/// summaries are what they told, interpolated between neighbours, and the mean over several; the average is the sum of
/// measurements by their count; minimum and maximum are those told, or else from the buckets.
pub(crate) fn histograms(series: &[HistogramBuckets], layout: &Layout<'_>) -> Vec<SeriesPoints> {
    let mut groups: Groups<Gained> = BTreeMap::new();
    for one in series {
        let group = groups.entry(group_of(&one.labels, layout.group_by)).or_default();
        for step in &one.steps {
            for time in (layout.slots)(step.time).times() {
                let seconds = (layout.seconds)(time);
                group.entry(time).or_insert_with(|| Gained { seconds, ..Gained::default() }).add(step);
            }
        }
    }
    points(groups, |gained| gained.value(layout.aggregation))
}

#[derive(Default)]
struct Gained {
    seconds: f64,
    count: f64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
    parts: Vec<Distribution>,
    /// What summaries told, one entry each.
    told: Vec<Vec<(f64, f64)>>,
}

impl Gained {
    fn add(&mut self, step: &HistogramStep) {
        self.count += step.count;
        self.sum += step.sum;
        self.min = [self.min, step.min].into_iter().flatten().reduce(f64::min);
        self.max = [self.max, step.max].into_iter().flatten().reduce(f64::max);
        if !step.quantiles.is_empty() {
            self.told.push(step.quantiles.clone());
        } else if step.count > 0.0 {
            self.parts.push(Distribution::of(step));
        }
    }

    fn value(&self, aggregation: Aggregation) -> Option<f64> {
        match aggregation {
            Aggregation::Count | Aggregation::Increase => Some(self.count),
            Aggregation::Rate => Some(self.count / self.seconds),
            _ if self.count <= 0.0 && self.told.is_empty() => None,
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
        if !self.told.is_empty() {
            let values: Vec<f64> =
                self.told.iter().filter_map(|told| told_quantile(told, quantile)).collect();
            return (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        }
        Distribution::merge(&self.parts).quantile(quantile)
    }
}

/// The value of a quantile from those a summary told (ascending): linear between neighbours, and no further than the
/// outermost.
fn told_quantile(told: &[(f64, f64)], quantile: f64) -> Option<f64> {
    let told: Vec<_> = told.iter().filter(|(_, value)| value.is_finite()).collect();
    let after = told.partition_point(|(known, _)| *known < quantile);
    match (after.checked_sub(1).and_then(|before| told.get(before)), told.get(after)) {
        (Some((low, below)), Some((high, above))) => {
            Some(below + (above - below) * (quantile - low) / (high - low))
        }
        (Some((_, value)), None) | (None, Some((_, value))) => Some(*value),
        (None, None) => None,
    }
}

/// The groups with at least one finite value, in order of their labels.
fn points<T>(groups: Groups<T>, value: impl Fn(T) -> Option<f64>) -> Vec<SeriesPoints> {
    groups
        .into_iter()
        .map(|(labels, slots)| {
            let (times, values) = slots
                .into_iter()
                .filter_map(|(time, held)| Some((time, value(held).filter(|value| value.is_finite())?)))
                .unzip();
            SeriesPoints { labels, times, values }
        })
        .filter(|points| !points.times.is_empty())
        .collect()
}

/// Puts the groups with the largest mean first; equal ones stay in order of their labels.
pub(crate) fn largest_first(groups: &mut [SeriesPoints]) {
    let mean = |points: &SeriesPoints| points.values.iter().sum::<f64>() / points.values.len() as f64;
    groups.sort_by(|left, right| mean(right).total_cmp(&mean(left)));
}

#[cfg(test)]
mod tests {
    use model::MetricKind;

    use super::*;

    fn bucket(time: i64, values: &[f64], increase: f64) -> Bucket {
        Bucket {
            time: Timestamp(time),
            first: values[0],
            last: *values.last().unwrap(),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            sum: values.iter().sum(),
            count: values.len() as u64,
            increase,
            ended: false,
        }
    }

    fn two_series() -> Vec<SeriesBuckets> {
        [
            ("a", vec![bucket(0, &[1.0, 3.0], 2.0)]),
            ("b", vec![bucket(0, &[10.0], 8.0), bucket(10, &[f64::NAN], 0.0)]),
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

    fn one(aggregation: Aggregation) -> Vec<f64> {
        let layout =
            Layout { aggregation, group_by: &[], slots: &Slots::one, stands: false, seconds: &|_| 5.0 };
        numbers(&two_series(), &layout).into_iter().flat_map(|points| points.values).collect()
    }

    #[test]
    fn every_aggregation_reduces_over_time_and_then_across_series() {
        assert_eq!(one(Aggregation::Average), [6.0]);
        assert_eq!(one(Aggregation::Sum), [12.0]);
        assert_eq!(one(Aggregation::Minimum), [1.0]);
        assert_eq!(one(Aggregation::Maximum), [10.0]);
        assert_eq!(one(Aggregation::Last), [13.0]);
        assert_eq!(one(Aggregation::Count), [3.0, 1.0]);
        assert_eq!(one(Aggregation::Rate), [2.0, 0.0]);
        assert_eq!(one(Aggregation::Increase), [10.0, 0.0]);
        assert_eq!(one(Aggregation::P50), [3.0]);
    }

    #[test]
    fn groups_carry_the_name_they_were_asked_by() {
        let group_by = ["service".to_owned(), "absent".to_owned()];
        let layout = Layout {
            aggregation: Aggregation::Last,
            group_by: &group_by,
            slots: &Slots::one,
            stands: false,
            seconds: &|_| 1.0,
        };
        let mut groups = numbers(&two_series(), &layout);
        largest_first(&mut groups);
        assert_eq!(groups[0].labels, Labels::from([("service".into(), "b".into())]));
        assert_eq!(groups.len(), 2);
    }

    #[test]
    fn buckets_of_a_series_join_inside_a_slot() {
        let mut series = two_series();
        series.truncate(1);
        series[0].buckets.push(bucket(10, &[8.0], 5.0));
        let layout = |aggregation| Layout {
            aggregation,
            group_by: &[],
            slots: &|_| Slots::one(Timestamp(0)),
            stands: false,
            seconds: &|_| 1.0,
        };
        assert_eq!(numbers(&series, &layout(Aggregation::Average))[0].values, [4.0]);
        assert_eq!(numbers(&series, &layout(Aggregation::Increase))[0].values, [7.0]);
        assert_eq!(numbers(&series, &layout(Aggregation::P50))[0].values, [3.0]);
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
        let value = |aggregation| {
            let layout =
                Layout { aggregation, group_by: &[], slots: &Slots::one, stands: false, seconds: &|_| 10.0 };
            histograms(&series, &layout)[0].values[0]
        };
        assert_eq!(value(Aggregation::Rate), 2.0);
        assert_eq!(value(Aggregation::Count), 20.0);
        assert_eq!(value(Aggregation::Average), 2.5);
        assert_eq!(value(Aggregation::P50), 2.0);
        assert_eq!(value(Aggregation::Maximum), 4.0);
    }

    #[test]
    fn summaries_give_the_quantiles_they_told() {
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
        let value = |aggregation| {
            let layout =
                Layout { aggregation, group_by: &[], slots: &Slots::one, stands: false, seconds: &|_| 1.0 };
            histograms(&series, &layout).first().map(|points| points.values[0])
        };
        assert_eq!(value(Aggregation::P50), Some(2.0));
        assert_eq!(value(Aggregation::P99), Some(10.0));
        assert!((value(Aggregation::P95).unwrap() - (6.0 + 4.0 * 0.05 / 0.09)).abs() < 1e-9);
        assert_eq!(value(Aggregation::Average), None);
    }
}
