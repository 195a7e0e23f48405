//! The alert state machine, with the semantics of Prometheus's alerting rules. Pure.

use model::{Alert, AlertState, AlertTransition, Labels, NANOS_PER_SECOND, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use crate::{AlertRule, NoDataPolicy, notify::description, sources::Observation};

/// Returns the stable identifier of the alert of a rule and a label set.
pub fn fingerprint(rule_id: &str, labels: &Labels) -> String {
    let labels = serde_json::to_string(labels).unwrap_or_default();
    format!("{:016x}", xxh3_64(format!("{rule_id}\n{labels}").as_bytes()))
}

/// Returns the nanoseconds between two evaluations in which none took place: all but one interval
/// when the gap exceeds three intervals (the machine slept, or Binnacle did not run), else 0.
pub fn unobserved(previous: Timestamp, now: Timestamp, interval_seconds: u32) -> i64 {
    let interval = i64::from(interval_seconds.max(1)) * NANOS_PER_SECOND;
    let elapsed = now.since(previous);
    if elapsed > interval.saturating_mul(3) { elapsed - interval } else { 0 }
}

/// Evaluates a rule: turns values and previous alerts into current alerts and their transitions.
///
/// - An alert is pending since `now` and fires once the condition has held for `for_seconds`.
/// - A firing alert resolves once the condition no longer holds against the resolve threshold.
/// - An alert without a value follows the rule's [`NoDataPolicy`]. NaN is a value, and as in
///   Prometheus no condition holds for it.
/// - Where a part of a window was not observed, the condition must hold, or not hold, for the value
///   over the observed part as well. Otherwise the alert does not change.
/// - Time without data or without evaluations does not count towards `for_seconds`.
///
/// Returns the pending and firing alerts and those that just became inactive. Rules that fire on
/// missing data also return inactive alerts, so that a later absence is detected.
pub fn evaluate(
    rule: &AlertRule,
    observation: &Observation,
    previous: &[Alert],
    now: Timestamp,
) -> (Vec<Alert>, Vec<AlertTransition>) {
    let Observation { values, observed, unit } = observation;
    let known = by_labels(previous.iter().map(|alert| (&alert.labels, alert)));
    let present = by_labels(values.iter().map(|(labels, value)| (labels, *value)));
    let observed = by_labels(observed.iter().map(|(labels, value)| (labels, *value)));
    let no_labels = Labels::new();
    let mut labels: Vec<(&Labels, Option<f64>)> =
        present.iter().map(|(labels, value)| (*labels, Some(*value))).collect();
    let absent = known.iter().filter(|(labels, _)| find(&present, labels).is_none());
    labels.extend(absent.map(|(labels, _)| (*labels, None)));
    if labels.is_empty() && rule.no_data == NoDataPolicy::Fire {
        labels.push((&no_labels, None));
    }
    let mut alerts = Vec::new();
    let mut transitions = Vec::new();
    for (labels, value) in labels {
        let before = find(&known, labels);
        let values = value.map(|value| (value, find(&observed, labels).unwrap_or(value)));
        let condition = condition(rule, labels, values, before, !present.is_empty());
        let from = before.map_or(AlertState::Inactive, |alert| alert.state);
        let stays_inactive = from == AlertState::Inactive && !matches!(condition, Condition::Holds);
        if stays_inactive && rule.no_data != NoDataPolicy::Fire {
            continue;
        }
        let alert = step(rule, labels, value, unit, before, condition, now);
        if from != alert.state {
            transitions.push(transition(rule, &alert, from, now));
        }
        let expected = rule.no_data == NoDataPolicy::Fire && (value.is_some() || before.is_some());
        if alert.state != AlertState::Inactive || from != AlertState::Inactive || expected {
            alerts.push(alert);
        }
    }
    (alerts, transitions)
}

/// Orders values by their labels. Of several with the same labels the last one stays.
fn by_labels<'labels, T>(values: impl Iterator<Item = (&'labels Labels, T)>) -> Vec<(&'labels Labels, T)> {
    let mut ordered: Vec<_> = values.collect();
    // Those of a metric are in order already.
    if !ordered.is_sorted_by(|left, right| left.0 < right.0) {
        ordered.reverse();
        ordered.sort_by(|left, right| left.0.cmp(right.0));
        ordered.dedup_by(|later, first| later.0 == first.0);
    }
    ordered
}

fn find<T: Copy>(ordered: &[(&Labels, T)], labels: &Labels) -> Option<T> {
    let position = ordered.binary_search_by(|(known, _)| (*known).cmp(labels)).ok()?;
    ordered.get(position).map(|(_, value)| *value)
}

/// The result of comparing one value with the rule's threshold.
#[derive(Clone, Copy)]
enum Condition {
    Holds,
    DoesNotHold,
    Unknown,
}

fn condition(
    rule: &AlertRule,
    labels: &Labels,
    values: Option<(f64, f64)>,
    before: Option<&Alert>,
    others_present: bool,
) -> Condition {
    let threshold = match (before.map(|alert| alert.state), rule.resolve_threshold) {
        (Some(AlertState::Firing), Some(resolve)) => resolve,
        _ => rule.threshold,
    };
    let holds = |value| rule.comparator.holds(value, threshold);
    match (values, rule.no_data) {
        (Some((value, observed)), _) if holds(value) != holds(observed) => Condition::Unknown,
        (Some((value, _)), _) if holds(value) => Condition::Holds,
        (Some(_), _) | (None, NoDataPolicy::Resolve) => Condition::DoesNotHold,
        (None, NoDataPolicy::KeepState) => Condition::Unknown,
        // The alert without labels means "no data at all". It ends with the first value.
        (None, NoDataPolicy::Fire) if labels.is_empty() && others_present => Condition::DoesNotHold,
        (None, NoDataPolicy::Fire) => Condition::Holds,
    }
}

fn step(
    rule: &AlertRule,
    labels: &Labels,
    value: Option<f64>,
    unit: &str,
    before: Option<&Alert>,
    condition: Condition,
    now: Timestamp,
) -> Alert {
    let from = before.map_or(AlertState::Inactive, |alert| alert.state);
    let mut alert = Alert {
        fingerprint: before
            .map_or_else(|| fingerprint(&rule.id, labels), |before| before.fingerprint.clone()),
        rule_id: rule.id.clone(),
        rule_name: rule.name.clone(),
        severity: rule.severity,
        labels: labels.clone(),
        state: from,
        value,
        threshold: rule.threshold,
        unit: unit.to_owned(),
        active_since: before.and_then(|alert| alert.active_since),
        fired_at: before.and_then(|alert| alert.fired_at),
        resolved_at: before.and_then(|alert| alert.resolved_at),
        acknowledged_at: before.and_then(|alert| alert.acknowledged_at),
        evaluated_at: now,
    };
    match condition {
        Condition::DoesNotHold => {
            if from == AlertState::Firing {
                alert.resolved_at = Some(now);
            }
            alert.state = AlertState::Inactive;
            alert.active_since = None;
        }
        Condition::Unknown => {
            if let (AlertState::Pending, Some(before)) = (from, before) {
                let without_data = now.since(before.evaluated_at).max(0);
                alert.active_since = alert.active_since.map(|since| since.offset(without_data).min(now));
            }
        }
        Condition::Holds if from == AlertState::Firing => {}
        Condition::Holds => {
            let gap = before.map_or(0, |before| unobserved(before.evaluated_at, now, rule.interval_seconds));
            let pending_since = alert.active_since.filter(|_| from == AlertState::Pending);
            let since = pending_since.map_or(now, |since| since.offset(gap).min(now));
            alert.active_since = Some(since);
            if now.since(since) >= i64::from(rule.for_seconds) * NANOS_PER_SECOND {
                alert.state = AlertState::Firing;
                alert.fired_at = Some(now);
                alert.acknowledged_at = None;
            } else {
                alert.state = AlertState::Pending;
            }
        }
    }
    alert
}

fn transition(rule: &AlertRule, alert: &Alert, from: AlertState, now: Timestamp) -> AlertTransition {
    AlertTransition {
        time: now,
        fingerprint: alert.fingerprint.clone(),
        rule_id: rule.id.clone(),
        rule_name: rule.name.clone(),
        labels: alert.labels.clone(),
        from,
        to: alert.state,
        value: alert.value,
        reason: description::reason(rule, alert, from),
    }
}

/// Ends every alert of a rule that was disabled or whose source changed.
pub fn end_all(previous: &[Alert], now: Timestamp, reason: &str) -> (Vec<Alert>, Vec<AlertTransition>) {
    previous
        .iter()
        .filter(|alert| alert.state != AlertState::Inactive)
        .map(|before| {
            let resolved_at = if before.state == AlertState::Firing { Some(now) } else { before.resolved_at };
            let alert = Alert {
                state: AlertState::Inactive,
                active_since: None,
                resolved_at,
                evaluated_at: now,
                ..before.clone()
            };
            let transition = AlertTransition {
                time: now,
                fingerprint: before.fingerprint.clone(),
                rule_id: before.rule_id.clone(),
                rule_name: before.rule_name.clone(),
                labels: before.labels.clone(),
                from: before.state,
                to: AlertState::Inactive,
                value: before.value,
                reason: reason.to_owned(),
            };
            (alert, transition)
        })
        .unzip()
}
