//! The times at which a backtest reads values. Pure.

use std::collections::BTreeMap;

use model::{Labels, SeriesPoints, TimeRange, Timestamp};

/// Returns the ends of the steps of a range, after its start and up to its end.
pub(crate) fn step_ends(range: TimeRange, step: i64) -> impl Iterator<Item = Timestamp> {
    let first = range.start.floor(step).offset(step);
    (0..)
        .map(move |index| first.offset(step.saturating_mul(index)))
        .take_while(move |time| *time <= range.end)
}

/// Returns the evaluation times of a backtest: the ends of the steps, and the end of the range.
pub(crate) fn evaluation_times(range: TimeRange, step: i64) -> impl Iterator<Item = Timestamp> {
    step_ends(range, step).chain(ends_within_step(range, step).then_some(range.end))
}

/// Returns whether the range ends before its last step does.
pub(crate) fn ends_within_step(range: TimeRange, step: i64) -> bool {
    range.end.floor(step) < range.end
}

/// Appends the values at `end` to the series of their labels, and adds series for new labels.
/// Series without a value at `end` get `default`.
pub(crate) fn append_values(
    series: &mut Vec<SeriesPoints>,
    end: Timestamp,
    values: Vec<(Labels, f64)>,
    default: Option<f64>,
) {
    let mut latest: BTreeMap<Labels, f64> = values.into_iter().collect();
    for points in series.iter_mut() {
        if let Some(value) = latest.remove(&points.labels).or(default) {
            points.times.push(end);
            points.values.push(value);
        }
    }
    let new = |(labels, value)| SeriesPoints { labels, times: vec![end], values: vec![value] };
    series.extend(latest.into_iter().map(new));
}
