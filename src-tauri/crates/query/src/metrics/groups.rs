//! Grouping of series by labels.

use std::collections::BTreeMap;

use model::{Aggregation, Labels, SeriesPoints, Timestamp, attribute_of_label};

use super::{by_time::ByTime, windowing::Windowing};

/// The grouping of values by labels and windows.
#[derive(Debug)]
pub(super) struct Grouping {
    /// The aggregation of the values.
    pub(super) aggregation: Aggregation,
    /// Labels that distinguish the groups.
    pub(super) group_by: Vec<String>,
    /// The windows of the values.
    pub(super) windowing: Windowing,
}

impl Grouping {
    /// Returns the labels of the group of a series, under the names of the query.
    pub(super) fn group(&self, labels: &Labels) -> Labels {
        self.group_by
            .iter()
            .filter_map(|key| {
                let value = labels.get(attribute_of_label(key)).or_else(|| labels.get(key.as_str()))?;
                Some((key.clone(), value.clone()))
            })
            .collect()
    }
}

/// Intermediate values by group and window.
pub(super) type Groups<T> = BTreeMap<Labels, ByTime<T>>;

/// The values of one group, and those over what was observed of the windows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GroupPoints {
    pub(super) points: SeriesPoints,
    /// For each value the one over the observed part of its window, where they differ.
    pub(super) observed: Vec<Option<f64>>,
}

impl From<SeriesPoints> for GroupPoints {
    fn from(points: SeriesPoints) -> Self {
        let observed = vec![None; points.values.len()];
        Self { points, observed }
    }
}

/// Returns the groups with at least one value, ordered by their labels. NaN is a value. A value
/// comes with the one over what was observed, if there is one.
pub(super) fn group_points<T>(
    groups: Groups<T>,
    value: impl Fn(Timestamp, T) -> Option<(f64, Option<f64>)>,
) -> Vec<GroupPoints> {
    groups
        .into_iter()
        .map(|(labels, windows)| {
            let mut points = SeriesPoints { labels, times: Vec::new(), values: Vec::new() };
            let mut observed = Vec::new();
            for (time, partial) in windows {
                let Some((value, over_observed)) = value(time, partial) else { continue };
                points.times.push(time);
                points.values.push(value);
                let differs = |observed: &f64| *observed != value && !observed.is_nan();
                observed.push(over_observed.filter(differs));
            }
            GroupPoints { points, observed }
        })
        .filter(|group| !group.points.times.is_empty())
        .collect()
}

/// Returns the groups with at least one value, ordered by their labels.
pub(super) fn points<T>(groups: Groups<T>, value: impl Fn(T) -> Option<f64>) -> Vec<GroupPoints> {
    group_points(groups, |_, partial| Some((value(partial)?, None)))
}

/// Sorts groups by the mean of their numbers, the largest first. Groups without numbers are last.
/// Equal ones stay ordered by their labels.
pub(super) fn sort_largest_first(groups: &mut [SeriesPoints]) {
    let mean = |points: &SeriesPoints| {
        let numbers = || points.values.iter().filter(|value| !value.is_nan());
        let mean = numbers().sum::<f64>() / numbers().count() as f64;
        if mean.is_nan() { f64::NEG_INFINITY } else { mean }
    };
    groups.sort_by(|left, right| mean(right).total_cmp(&mean(left)));
}
