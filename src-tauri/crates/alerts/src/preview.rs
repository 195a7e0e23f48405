//! What a rule would have done, had it existed: the same state machine over history.

use std::collections::BTreeMap;

use model::{
    Alert, AlertRule, AlertState, BacktestInterval, Comparator, Filter, Labels, NANOS_PER_SECOND,
    RuleBacktest, RuleSource, SeriesPoints, SeriesRequest, TimeRange, Timestamp,
};
use store::{Snapshot, Store};

use crate::{
    AlertError,
    evidence::log_counts_as_series,
    source::{check_labels, check_value, observe, of_service, service_labels},
    state::{evaluate, window_seconds},
    wording,
};

/// About how many moments are evaluated at most.
const MOST_STEPS: i64 = 2000;
/// A window is never cut into more steps than this.
const MOST_WINDOW_STEPS: i64 = 100;
/// Seconds that a step is made a multiple of, from how many seconds on.
const UNITS: [(i64, i64); 2] = [(3600, 4 * 3600), (60, 60)];
/// Series in the answer.
const MOST_SERIES: usize = 50;
/// Services a log rule by service is previewed for.
const MOST_SERVICES: usize = 20;
const MOST_RESULTS: u32 = 50_000;
const MOST_STRETCHES: usize = 5000;

/// What the rule would have done over the range, evaluated every interval, or every two-thousandth of
/// the range or hundredth of the window if that is longer, and once more at its end, so that the newest
/// samples count. Windows are rounded up to whole such steps. Where only minutes or hours are left of the points, the
/// steps are whole ones of these; the preview says how long they are.
pub(crate) async fn preview(
    store: &Store,
    rule: &AlertRule,
    range: TimeRange,
) -> Result<RuleBacktest, AlertError> {
    if range.length() == 0 {
        return Err(AlertError::Invalid("the time range ends before it starts".into()));
    }
    let step = step_seconds(rule, range) * NANOS_PER_SECOND;
    let snapshot = store.snapshot(range).await?;
    let History { mut series, unit, step } = history(&snapshot, rule, range, step).await?;
    add_end(&snapshot, rule, range, step, &mut series).await?;
    let check_name = match &rule.source {
        RuleSource::Check { check_id: Some(id) } => snapshot
            .history()
            .checks()
            .await?
            .into_iter()
            .find(|check| check.id == *id)
            .map(|check| check.name),
        _ => None,
    };
    let sentence = wording::sentence(rule, &unit, check_name.as_deref());
    let rule = AlertRule {
        interval_seconds: u32::try_from(step / NANOS_PER_SECOND).unwrap_or(u32::MAX),
        ..rule.clone()
    };
    let work = move || {
        let (intervals, notifications) = replay(&rule, &series, range, step);
        let suggested_threshold = match rule.source {
            RuleSource::Check { .. } => None,
            RuleSource::Metric { .. } | RuleSource::Logs { .. } => suggested(&series, rule.comparator),
        };
        let mut series = series;
        series.truncate(MOST_SERIES);
        RuleBacktest { series, unit, intervals, notifications, step, suggested_threshold, sentence }
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

fn step_seconds(rule: &AlertRule, range: TimeRange) -> i64 {
    let seconds_up = |nanos: i64| (nanos + NANOS_PER_SECOND - 1) / NANOS_PER_SECOND;
    let window = i64::from(window_seconds(&rule.source));
    let step = i64::from(rule.interval_seconds.max(1))
        .max(seconds_up(range.length() / MOST_STEPS))
        .max((window + MOST_WINDOW_STEPS - 1) / MOST_WINDOW_STEPS);
    // Long steps of whole minutes or hours are made of what is kept of these.
    let unit = UNITS.into_iter().find(|(_, from)| step >= *from).map_or(1, |(unit, _)| unit);
    (step + unit - 1) / unit * unit
}

/// The watched values.
struct History {
    series: Vec<SeriesPoints>,
    unit: String,
    /// From one value to the next at least, in nanoseconds.
    step: i64,
}

/// The watched values at the end of every step of the range, of which the steps may be longer than asked for.
async fn history(
    snapshot: &Snapshot,
    rule: &AlertRule,
    range: TimeRange,
    step: i64,
) -> Result<History, AlertError> {
    match &rule.source {
        RuleSource::Metric { metric, matchers, aggregation, group_by, window_seconds } => {
            let request = SeriesRequest {
                metric: metric.clone(),
                matchers: matchers.clone(),
                aggregation: *aggregation,
                group_by: group_by.clone(),
                range,
                step: Some(step),
                max_points: 1,
                limit: u32::MAX,
            };
            let answer =
                query::moving(snapshot, &request, i64::from(*window_seconds) * NANOS_PER_SECOND).await?;
            Ok(History { series: answer.series, unit: answer.unit, step: answer.step })
        }
        RuleSource::Check { check_id } => {
            let mut series = Vec::new();
            for check in snapshot.history().checks().await? {
                if check_id.as_ref().is_some_and(|id| *id != check.id) || !check.enabled {
                    continue;
                }
                let mut results = snapshot.history().check_results(&check.id, range, MOST_RESULTS).await?;
                results.reverse();
                let mut next = results.iter().peekable();
                let mut latest = None;
                let (mut times, mut values) = (Vec::new(), Vec::new());
                for time in moments(range, step) {
                    while let Some(result) = next.next_if(|result| result.time <= time) {
                        latest = Some(result);
                    }
                    if let Some(value) = latest.and_then(|result| check_value(&check, result, time)) {
                        times.push(time);
                        values.push(value);
                    }
                }
                series.push(SeriesPoints { labels: check_labels(&check), times, values });
            }
            Ok(History { series, unit: String::new(), step })
        }
        RuleSource::Logs { query: search, by_service, window_seconds } => {
            let filter = query::parse_log_search(search)?;
            let window_steps = (i64::from(*window_seconds) * NANOS_PER_SECOND + step - 1) / step;
            let read = TimeRange::new(range.start.floor(step).offset(-step * (window_steps - 1)), range.end);
            let mut parts: Vec<(Labels, Filter)> = vec![(Labels::new(), filter.clone())];
            if *by_service {
                let mut services = snapshot.logs().count_by_service(&filter, read).await?;
                services.sort_by_key(|service| std::cmp::Reverse(service.1));
                services.truncate(MOST_SERVICES);
                parts = services
                    .into_iter()
                    .map(|(service, _)| (service_labels(&service), of_service(filter.clone(), &service)))
                    .collect();
            }
            let mut series = Vec::new();
            for (labels, filter) in parts {
                let counted =
                    log_counts_as_series(&snapshot.logs().count(&filter, read, step).await?, labels);
                series.push(moving_sum(&counted, range, step, window_steps));
            }
            Ok(History { series, unit: String::new(), step })
        }
    }
}

/// Adds what is watched at the end of a range that ends within a step; [`history`] leaves that step out.
async fn add_end(
    snapshot: &Snapshot,
    rule: &AlertRule,
    range: TimeRange,
    step: i64,
    series: &mut Vec<SeriesPoints>,
) -> Result<(), AlertError> {
    if range.end.floor(step) == range.end || matches!(rule.source, RuleSource::Check { .. }) {
        return Ok(());
    }
    let mut latest: BTreeMap<Labels, f64> =
        observe(snapshot, rule, &[], range.end).await?.values.into_iter().collect();
    let silent = matches!(rule.source, RuleSource::Logs { .. }).then_some(0.0);
    for points in series.iter_mut() {
        if let Some(value) = latest.remove(&points.labels).or(silent) {
            points.times.push(range.end);
            points.values.push(value);
        }
    }
    let new = |(labels, value)| SeriesPoints { labels, times: vec![range.end], values: vec![value] };
    series.extend(latest.into_iter().map(new));
    Ok(())
}

/// The ends of the steps of a range, after its start and up to its end.
fn steps(range: TimeRange, step: i64) -> impl Iterator<Item = Timestamp> {
    let first = range.start.floor(step).offset(step);
    (0..)
        .map(move |index| first.offset(step.saturating_mul(index)))
        .take_while(move |time| *time <= range.end)
}

/// The moments of a range at which a rule is tried: the ends of its steps, and its own end.
fn moments(range: TimeRange, step: i64) -> impl Iterator<Item = Timestamp> {
    let within = range.end.floor(step) < range.end;
    steps(range, step).chain(within.then_some(range.end))
}

/// At the end of each step the sum of the last `count` steps; steps without counts are 0.
fn moving_sum(counts: &SeriesPoints, range: TimeRange, step: i64, count: i64) -> SeriesPoints {
    let known: BTreeMap<Timestamp, f64> =
        counts.times.iter().copied().zip(counts.values.iter().copied()).collect();
    let times: Vec<Timestamp> = steps(range, step).collect();
    let sum = |end: &Timestamp| known.range(end.offset(-step * count)..*end).map(|held| held.1).sum();
    let values = times.iter().map(sum).collect();
    SeriesPoints { labels: counts.labels.clone(), times, values }
}

/// Runs the state machine over the values: the intervals that were not calm, and how often it fired.
fn replay(
    rule: &AlertRule,
    series: &[SeriesPoints],
    range: TimeRange,
    step: i64,
) -> (Vec<BacktestInterval>, u32) {
    let mut at: BTreeMap<Timestamp, Vec<(Labels, f64)>> = BTreeMap::new();
    for points in series {
        for (time, value) in points.times.iter().zip(&points.values) {
            at.entry(*time).or_default().push((points.labels.clone(), *value));
        }
    }
    let mut alerts: Vec<Alert> = Vec::new();
    let mut open: BTreeMap<String, BacktestInterval> = BTreeMap::new();
    let mut closed = Vec::new();
    let mut fired = 0;
    for now in moments(range, step) {
        let values = at.remove(&now).unwrap_or_default();
        let (next, transitions) = evaluate(rule, &values, "", &alerts, now);
        for transition in transitions {
            if let Some(mut stretch) = open.remove(&transition.fingerprint) {
                stretch.range.end = now;
                closed.push(stretch);
            }
            if transition.to != AlertState::Inactive {
                let stretch = BacktestInterval {
                    range: TimeRange::new(now, range.end),
                    state: transition.to,
                    labels: transition.labels,
                };
                open.insert(transition.fingerprint, stretch);
            }
            fired += u32::from(transition.to == AlertState::Firing);
        }
        alerts = next;
    }
    closed.extend(open.into_values());
    closed.sort_by_key(|stretch| stretch.range.start);
    closed.truncate(MOST_STRETCHES);
    (closed, fired)
}

/// What one value in a hundred exceeds (or undercuts), to two significant digits.
fn suggested(series: &[SeriesPoints], comparator: Comparator) -> Option<f64> {
    let mut values: Vec<f64> = series.iter().flat_map(|points| points.values.iter().copied()).collect();
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

    #[test]
    fn moving_sums_cover_the_window_before_each_moment() {
        let counts = SeriesPoints {
            labels: Labels::new(),
            times: [0, 10, 20].map(Timestamp).to_vec(),
            values: vec![1.0, 2.0, 4.0],
        };
        let sums = moving_sum(&counts, TimeRange::new(Timestamp(0), Timestamp(40)), 10, 2);
        assert_eq!(sums.times, [10, 20, 30, 40].map(Timestamp));
        assert_eq!(sums.values, [1.0, 3.0, 6.0, 4.0]);
    }
}
