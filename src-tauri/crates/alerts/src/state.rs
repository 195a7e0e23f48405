//! The alert state machine, with the semantics of Prometheus's alerting rules. Pure.

use std::collections::BTreeMap;

use model::{
    Alert, AlertRule, AlertState, AlertTransition, Labels, NANOS_PER_SECOND, NoDataPolicy, RuleSource,
    Timestamp,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::wording;

/// The stable name of the alert that a rule raises for a label set.
pub fn fingerprint(rule_id: &str, labels: &Labels) -> String {
    let labels = serde_json::to_string(labels).unwrap_or_default();
    format!("{:016x}", xxh3_64(format!("{rule_id}\n{labels}").as_bytes()))
}

/// The nanoseconds between two evaluations in which nobody looked: all but one interval, when the gap is
/// far longer than the interval (the machine slept, or Binnacle did not run), else 0.
pub fn unobserved(previous: Timestamp, now: Timestamp, interval_seconds: u32) -> i64 {
    let interval = i64::from(interval_seconds.max(1)) * NANOS_PER_SECOND;
    let elapsed = now.since(previous);
    if elapsed > interval.saturating_mul(3) { elapsed - interval } else { 0 }
}

/// One evaluation of a rule: its values now and its alerts as they stood, to its alerts as they stand and
/// what changed.
///
/// A new element is pending since `now` and fires when it has been active for the hold time; without a
/// hold time it fires at once. A firing alert stays until the condition no longer holds against the
/// resolve threshold. An element that is gone is treated as `no_data` asks; while it is kept, the
/// time does not count towards the hold. Time in which nobody evaluated does not count either.
/// The answer holds every alert that is pending or firing and those that just ceased to be; for rules
/// that fire on missing data also the calm ones, so that their absence is noticed. Values that are not
/// finite count as missing. `unit` is that of the values, for people.
pub fn evaluate(
    rule: &AlertRule,
    values: &[(Labels, f64)],
    unit: &str,
    previous: &[Alert],
    now: Timestamp,
) -> (Vec<Alert>, Vec<AlertTransition>) {
    let known: BTreeMap<&Labels, &Alert> = previous.iter().map(|alert| (&alert.labels, alert)).collect();
    let present: BTreeMap<&Labels, f64> =
        values.iter().filter(|value| value.1.is_finite()).map(|value| (&value.0, value.1)).collect();
    let nothing = Labels::new();
    let mut labels: Vec<&Labels> = present.keys().copied().collect();
    labels.extend(known.keys().filter(|labels| !present.contains_key(*labels)));
    if labels.is_empty() && rule.no_data == NoDataPolicy::Fire {
        labels.push(&nothing);
    }
    let mut alerts = Vec::new();
    let mut transitions = Vec::new();
    for labels in labels {
        let value = present.get(labels).copied();
        let before = known.get(labels).copied();
        let alert = step(rule, labels, value, unit, before, !present.is_empty(), now);
        let from = before.map_or(AlertState::Inactive, |alert| alert.state);
        if from != alert.state {
            transitions.push(transition(rule, &alert, from, now));
        }
        let watched = rule.no_data == NoDataPolicy::Fire && (value.is_some() || before.is_some());
        if alert.state != AlertState::Inactive || from != AlertState::Inactive || watched {
            alerts.push(alert);
        }
    }
    (alerts, transitions)
}

/// What an element did in one evaluation.
enum Verdict {
    Holds,
    Calm,
    Unknown,
}

fn step(
    rule: &AlertRule,
    labels: &Labels,
    value: Option<f64>,
    unit: &str,
    before: Option<&Alert>,
    others_present: bool,
    now: Timestamp,
) -> Alert {
    let from = before.map_or(AlertState::Inactive, |alert| alert.state);
    let limit = match (from, rule.resolve_threshold) {
        (AlertState::Firing, Some(resolve)) => resolve,
        _ => rule.threshold,
    };
    let verdict = match (value, rule.no_data) {
        (Some(value), _) if rule.comparator.holds(value, limit) => Verdict::Holds,
        (Some(_), _) | (None, NoDataPolicy::Resolve) => Verdict::Calm,
        (None, NoDataPolicy::KeepState) => Verdict::Unknown,
        // The alert without labels stands for "nothing at all", which ends as soon as something is there.
        (None, NoDataPolicy::Fire) if labels.is_empty() && others_present => Verdict::Calm,
        (None, NoDataPolicy::Fire) => Verdict::Holds,
    };
    let mut alert = Alert {
        fingerprint: fingerprint(&rule.id, labels),
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
    match verdict {
        Verdict::Calm => {
            if from == AlertState::Firing {
                alert.resolved_at = Some(now);
            }
            alert.state = AlertState::Inactive;
            alert.active_since = None;
        }
        Verdict::Unknown => {
            if let (AlertState::Pending, Some(before)) = (from, before) {
                let unseen = now.since(before.evaluated_at).max(0);
                alert.active_since = alert.active_since.map(|since| since.offset(unseen).min(now));
            }
        }
        Verdict::Holds if from == AlertState::Firing => {}
        Verdict::Holds => {
            let unseen =
                before.map_or(0, |before| unobserved(before.evaluated_at, now, rule.interval_seconds));
            let known_since = alert.active_since.filter(|_| from == AlertState::Pending);
            let since = known_since.map_or(now, |since| since.offset(unseen).min(now));
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
        reason: wording::reason(rule, alert, from),
    }
}

/// Ends every alert of a rule that is no longer evaluated as it was, such as one that was switched off.
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

/// How far back the values of a rule look, in seconds; 0 for the state of checks.
pub(crate) fn window_seconds(source: &RuleSource) -> u32 {
    match source {
        RuleSource::Metric { window_seconds, .. } | RuleSource::Logs { window_seconds, .. } => {
            *window_seconds
        }
        RuleSource::Check { .. } => 0,
    }
}
