//! The texts of rules, transitions and notifications. Pure but for the names of checks.

use chrono::{FixedOffset, Local, TimeZone as _};
use model::{Alert, AlertState, NANOS_PER_SECOND, NotificationKind, Timestamp};

/// Alerts of a notification that its body describes. It counts the others.
const MAX_DESCRIBED: usize = 3;

use crate::{
    AlertError, AlertRule,
    format::{capitalized, duration_text, opposite_side, time_of_day},
    sources::reader::SourceReader,
};

/// Returns a rule in one sentence. `unit` is that of its values and may be empty.
pub(crate) async fn describe_rule(
    reader: &SourceReader,
    rule: &AlertRule,
    unit: &str,
) -> Result<String, AlertError> {
    let source = rule.source.as_source();
    let condition = source.condition(reader, rule.comparator, rule.threshold, unit).await?;
    let duration = match rule.for_seconds {
        0 => String::new(),
        seconds => format!(" for {}", duration_text(i64::from(seconds))),
    };
    Ok(format!("Fires when {condition}{duration}."))
}

/// Returns the reason of an alert's transition from `from` to its current state.
pub(crate) fn reason(rule: &AlertRule, alert: &Alert, from: AlertState) -> String {
    let source = rule.source.as_source();
    let Some(value) = alert.value else {
        return match alert.state {
            AlertState::Firing => format!("no data{}", for_text(rule)),
            AlertState::Inactive | AlertState::Pending => "no data".to_owned(),
        };
    };
    let observed = source.observed_text(value, &alert.unit);
    let threshold = match (alert.state, from, rule.resolve_threshold) {
        (AlertState::Inactive, AlertState::Firing, Some(resolve)) => resolve,
        _ => rule.threshold,
    };
    let comparison = match source.threshold_text(threshold, &alert.unit) {
        None => String::new(),
        Some(_) if value.is_nan() && alert.state == AlertState::Inactive => String::new(),
        Some(threshold) if alert.state == AlertState::Inactive => {
            format!(", back {} {threshold}", opposite_side(rule.comparator))
        }
        Some(threshold) => format!(", threshold {threshold}"),
    };
    let duration = if alert.state == AlertState::Firing { for_text(rule) } else { String::new() };
    format!("{observed}{comparison}{duration}")
}

fn for_text(rule: &AlertRule) -> String {
    match rule.for_seconds {
        0 => String::new(),
        seconds => format!(", for {}", duration_text(i64::from(seconds))),
    }
}

/// Returns the title and the body of a notification at a time, in the time zone of this machine.
pub(crate) fn texts(
    rule: &AlertRule,
    alerts: &[&Alert],
    kind: NotificationKind,
    now: Timestamp,
) -> (String, String) {
    let zone = *Local.timestamp_nanos(now.0).offset();
    (title(rule, alerts, kind), body(rule, alerts, kind, zone))
}

/// Returns the title of a notification: the rule, and the labels that name the alert or the number
/// of alerts.
fn title(rule: &AlertRule, alerts: &[&Alert], kind: NotificationKind) -> String {
    let rule_name = match kind {
        NotificationKind::Resolved => format!("Resolved: {}", rule.name),
        NotificationKind::Firing | NotificationKind::Test | NotificationKind::Confirmation => {
            rule.name.clone()
        }
    };
    let subject = match alerts {
        [alert] => name(rule, alert),
        alerts => format!("{} alerts", alerts.len()),
    };
    if subject.is_empty() { rule_name } else { format!("{rule_name} - {subject}") }
}

/// Returns the label values that name an alert of a rule.
fn name(rule: &AlertRule, alert: &Alert) -> String {
    rule.source.as_source().title_values(&alert.labels).join(", ")
}

/// Returns the body of a notification: the value, the threshold and the duration. Of several alerts
/// it describes the first few and counts the others. Times are in the given time zone.
fn body(rule: &AlertRule, alerts: &[&Alert], kind: NotificationKind, zone: FixedOffset) -> String {
    if let [alert] = alerts {
        return body_of_one(rule, alert, kind, zone);
    }
    let described = alerts.iter().take(MAX_DESCRIBED);
    let mut lines: Vec<String> = described
        .map(|alert| format!("{}: {}", name(rule, alert), body_of_one(rule, alert, kind, zone)))
        .collect();
    if alerts.len() > MAX_DESCRIBED {
        lines.push(format!("and {} more", alerts.len() - MAX_DESCRIBED));
    }
    lines.join("\n")
}

fn body_of_one(rule: &AlertRule, alert: &Alert, kind: NotificationKind, zone: FixedOffset) -> String {
    match kind {
        NotificationKind::Resolved => {
            let duration = match (alert.fired_at, alert.resolved_at) {
                (Some(fired), Some(resolved)) => {
                    format!(" after {}", duration_text((resolved.since(fired) / NANOS_PER_SECOND).max(1)))
                }
                _ => String::new(),
            };
            format!("{}{duration}", capitalized(&reason(rule, alert, AlertState::Firing)))
        }
        NotificationKind::Firing | NotificationKind::Test | NotificationKind::Confirmation => {
            let since = alert.active_since.or(alert.fired_at).unwrap_or(alert.evaluated_at);
            let reason = capitalized(&reason(rule, alert, AlertState::Pending));
            format!("{reason}, since {}", time_of_day(since, zone))
        }
    }
}
