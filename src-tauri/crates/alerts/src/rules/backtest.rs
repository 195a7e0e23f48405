//! The backtest of a rule: the same state machine over stored data.

use std::collections::BTreeMap;

use model::{Alert, AlertState, Comparator, Labels, NANOS_PER_SECOND, SeriesPoints, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AlertError, AlertRule,
    notify::description,
    rules::state::evaluate,
    sources::{History, Observation, reader::SourceReader, steps::evaluation_times},
};

/// Evaluations of a backtest, about.
const MAX_STEPS: i64 = 2000;
/// Steps in one window.
const MAX_WINDOW_STEPS: i64 = 100;
/// Length that a step is a multiple of, and the shortest step it applies to, in seconds. Such steps
/// can be read from roll-ups.
const STEP_UNITS: [(i64, i64); 2] = [(3600, 4 * 3600), (60, 60)];
/// Series in the result.
const MAX_SERIES: usize = 50;
/// Intervals in the result.
const MAX_INTERVALS: usize = 5000;

/// The alerts that a rule would have raised over a past range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleBacktest {
    /// The values of the source over the range.
    pub series: Vec<SeriesPoints>,
    /// Unit of the values, may be empty.
    pub unit: String,
    /// The pending and firing intervals, per label set.
    pub intervals: Vec<BacktestInterval>,
    /// Number of firing notifications.
    pub notifications: u32,
    /// Nanoseconds between two evaluations. Longer than the rule's interval over long ranges and
    /// where only roll-ups are left; a shorter window is as long as the step.
    pub step: i64,
    /// A threshold suggested by the data: the 99th (or first) percentile of the values.
    pub suggested_threshold: Option<f64>,
    /// The rule in one sentence.
    pub description: String,
}

/// An interval in which an alert of a backtest is pending or firing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BacktestInterval {
    /// The interval.
    pub range: TimeRange,
    /// Pending or firing.
    pub state: AlertState,
    /// The labels of the alert.
    pub labels: Labels,
}

/// Evaluates a rule over a past range.
///
/// The step is the rule's interval, or longer where the range or the window would need too many
/// steps. Windows are rounded up to whole steps. The end of the range is evaluated as well, so that
/// the newest samples count. Where only roll-ups are left, steps are multiples of their resolution.
pub(crate) async fn backtest(
    reader: &SourceReader,
    rule: &AlertRule,
    range: TimeRange,
) -> Result<RuleBacktest, AlertError> {
    if range.length() == 0 {
        return Err(AlertError::Invalid("the time range ends before it starts".into()));
    }
    let source = rule.source.as_source();
    let step = step_seconds(rule, range) * NANOS_PER_SECOND;
    let History { mut series, observed, unit, step } = source.history(reader, range, step).await?;
    let description = description::describe_rule(reader, rule, &unit).await?;
    let rule = AlertRule {
        interval_seconds: u32::try_from(step / NANOS_PER_SECOND).unwrap_or(u32::MAX),
        ..rule.clone()
    };
    let work = move || {
        let (intervals, notifications) = replay(&rule, &series, &observed, range, step);
        let suggests = rule.source.as_source().suggests_threshold();
        let suggested_threshold = suggests.then(|| suggested(&series, rule.comparator)).flatten();
        series.truncate(MAX_SERIES);
        RuleBacktest { series, unit, intervals, notifications, step, suggested_threshold, description }
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

fn step_seconds(rule: &AlertRule, range: TimeRange) -> i64 {
    let seconds_up = |nanos: i64| (nanos + NANOS_PER_SECOND - 1) / NANOS_PER_SECOND;
    let window = i64::from(rule.source.as_source().window_seconds());
    let step = i64::from(rule.interval_seconds.max(1))
        .max(seconds_up(range.length() / MAX_STEPS))
        .max((window + MAX_WINDOW_STEPS - 1) / MAX_WINDOW_STEPS);
    let unit = STEP_UNITS.into_iter().find(|(_, from)| step >= *from).map_or(1, |(unit, _)| unit);
    (step + unit - 1) / unit * unit
}

/// Runs the state machine over the values. Returns the pending and firing intervals, and the number
/// of notifications. Alerts that fire at one time share one.
fn replay(
    rule: &AlertRule,
    series: &[SeriesPoints],
    observed: &[SeriesPoints],
    range: TimeRange,
    step: i64,
) -> (Vec<BacktestInterval>, u32) {
    let mut at: BTreeMap<Timestamp, Observation> = BTreeMap::new();
    for points in series {
        for (time, value) in points.times.iter().zip(&points.values) {
            at.entry(*time).or_default().values.push((points.labels.clone(), *value));
        }
    }
    for points in observed {
        for (time, value) in points.times.iter().zip(&points.values) {
            at.entry(*time).or_default().observed.push((points.labels.clone(), *value));
        }
    }
    let mut alerts: Vec<Alert> = Vec::new();
    let mut open: BTreeMap<String, BacktestInterval> = BTreeMap::new();
    let mut closed = Vec::new();
    let mut notifications = 0;
    for now in evaluation_times(range, step) {
        let observation = at.remove(&now).unwrap_or_default();
        let (next, transitions) = evaluate(rule, &observation, &alerts, now);
        notifications += u32::from(transitions.iter().any(|one| one.to == AlertState::Firing));
        for transition in transitions {
            if let Some(mut interval) = open.remove(&transition.fingerprint) {
                interval.range.end = now;
                closed.push(interval);
            }
            if transition.to != AlertState::Inactive {
                let interval = BacktestInterval {
                    range: TimeRange::new(now, range.end),
                    state: transition.to,
                    labels: transition.labels,
                };
                open.insert(transition.fingerprint, interval);
            }
        }
        alerts = next;
    }
    closed.extend(open.into_values());
    closed.sort_by_key(|interval| interval.range.start);
    closed.truncate(MAX_INTERVALS);
    (closed, notifications)
}

/// Returns the value that one in a hundred exceeds (or undercuts), to two significant digits.
fn suggested(series: &[SeriesPoints], comparator: Comparator) -> Option<f64> {
    let values = series.iter().flat_map(|points| points.values.iter().copied());
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let share = match comparator {
        Comparator::Above | Comparator::AtLeast => 0.99,
        Comparator::Below | Comparator::AtMost => 0.01,
    };
    values.get((last as f64 * share).round() as usize).map(|value| two_digits(*value))
}

fn two_digits(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    format!("{value:.1e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_have_two_digits() {
        assert_eq!(two_digits(1234.0), 1200.0);
        assert_eq!(two_digits(0.04567), 0.046);
        let series = [SeriesPoints {
            labels: Labels::new(),
            times: (0..100).map(Timestamp).collect(),
            values: (1..=100).map(f64::from).collect(),
        }];
        assert_eq!(suggested(&series, Comparator::Above), Some(99.0));
        assert_eq!(suggested(&series, Comparator::Below), Some(2.0));
        assert_eq!(suggested(&[], Comparator::Below), None);
    }
}
