//! Grouping of series by labels.

use std::collections::BTreeMap;

use model::{Aggregation, Labels, SeriesPoints, Timestamp, attribute_of_label};

use super::windowing::Windowing;

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
pub(super) type Groups<T> = BTreeMap<Labels, BTreeMap<Timestamp, T>>;

/// Returns the groups with at least one finite value, ordered by their labels.
pub(super) fn points<T>(groups: Groups<T>, value: impl Fn(T) -> Option<f64>) -> Vec<SeriesPoints> {
    groups
        .into_iter()
        .map(|(labels, windows)| {
            let (times, values) = windows
                .into_iter()
                .filter_map(|(time, partial)| Some((time, value(partial).filter(|value| value.is_finite())?)))
                .unzip();
            SeriesPoints { labels, times, values }
        })
        .filter(|points| !points.times.is_empty())
        .collect()
}

/// Sorts groups by their mean, the largest first. Equal ones stay ordered by their labels.
pub(super) fn sort_largest_first(groups: &mut [SeriesPoints]) {
    let mean = |points: &SeriesPoints| points.values.iter().sum::<f64>() / points.values.len() as f64;
    groups.sort_by(|left, right| mean(right).total_cmp(&mean(left)));
}
