//! The backtest of a rule: the same state machine over stored data.

use std::collections::BTreeMap;

use model::{
    Alert, AlertState, Comparator, Labels, NANOS_PER_SECOND, NotificationKind, SeriesPoints, TimeRange,
    Timestamp,
};
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
    /// The latest notification. If nothing fired, that of the value nearest to the threshold; none
    /// without values.
    pub preview: Option<NotificationPreview>,
}

/// The texts of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotificationPreview {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
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
        let Replay { intervals, notifications, latest } = replay(&rule, &series, &observed, range, step);
        let preview = preview(&rule, latest, &series, &unit);
        let suggests = rule.source.as_source().suggests_threshold();
        let suggested_threshold = suggests.then(|| suggested(&series, rule.comparator)).flatten();
        series.truncate(MAX_SERIES);
        RuleBacktest {
            series,
            unit,
            intervals,
            notifications,
            step,
            suggested_threshold,
            description,
            preview,
        }
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

/// The result of a replay.
struct Replay {
    /// The pending and firing intervals.
    intervals: Vec<BacktestInterval>,
    /// The number of notifications. Alerts that fire at one time share one.
    notifications: u32,
    /// The alerts of the latest notification.
    latest: Vec<Alert>,
}

/// Runs the state machine over the values.
fn replay(
    rule: &AlertRule,
    series: &[SeriesPoints],
    observed: &[SeriesPoints],
    range: TimeRange,
    step: i64,
) -> Replay {
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
    let (mut notifications, mut latest) = (0, Vec::new());
    for now in evaluation_times(range, step) {
        let observation = at.remove(&now).unwrap_or_default();
        let (next, transitions) = evaluate(rule, &observation, &alerts, now);
        if transitions.iter().any(|one| one.to == AlertState::Firing) {
            notifications += 1;
            let fires_now = |alert: &&Alert| alert.state == AlertState::Firing && alert.fired_at == Some(now);
            latest = next.iter().filter(fires_now).cloned().collect();
        }
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
    Replay { intervals: closed, notifications, latest }
}

/// Returns the texts of the notification of the `latest` alerts, or else of the value nearest to
/// the threshold.
fn preview(
    rule: &AlertRule,
    mut latest: Vec<Alert>,
    series: &[SeriesPoints],
    unit: &str,
) -> Option<NotificationPreview> {
    if latest.is_empty() {
        latest.extend(nearest(rule, series));
    }
    latest.iter_mut().for_each(|alert| alert.unit = unit.to_owned());
    let now = latest.first()?.evaluated_at;
    let alerts: Vec<&Alert> = latest.iter().collect();
    let (title, body) = description::texts(rule, &alerts, NotificationKind::Firing, now);
    Some(NotificationPreview { title, body })
}

/// Returns an alert of the value that is nearest to the threshold, or furthest beyond it.
fn nearest(rule: &AlertRule, series: &[SeriesPoints]) -> Option<Alert> {
    let sign = match rule.comparator {
        Comparator::Above | Comparator::AtLeast => 1.0,
        Comparator::Below | Comparator::AtMost => -1.0,
    };
    let points = series.iter().flat_map(|points| {
        points.times.iter().zip(&points.values).map(|(time, value)| (&points.labels, *time, *value))
    });
    let (labels, time, value) = points
        .filter(|(_, _, value)| !value.is_nan())
        .max_by(|(_, _, one), (_, _, other)| (sign * one).total_cmp(&(sign * other)))?;
    Some(Alert {
        fingerprint: String::new(),
        rule_id: rule.id.clone(),
        rule_name: rule.name.clone(),
        severity: rule.severity,
        labels: labels.clone(),
        state: AlertState::Firing,
        value: Some(value),
        threshold: rule.threshold,
        unit: String::new(),
        active_since: Some(time),
        fired_at: Some(time),
        resolved_at: None,
        acknowledged_at: None,
        evaluated_at: time,
    })
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
