//! Values, durations, rules and alerts in words. Pure.

use analysis::figures;
use chrono::{DateTime, FixedOffset, Utc};
use model::{
    Aggregation, Alert, AlertRule, AlertState, Comparator, MatchOperator, NANOS_PER_SECOND, NotificationKind,
    RuleSource, TagMatcher, Timestamp,
};

/// A value of what a rule watches, with its unit in a scale that people read easily: `1.24 s`, `512 MiB`, `93.1%`.
/// `unit` is UCUM's as OpenTelemetry uses it.
pub fn value_text(source: &RuleSource, value: f64, unit: &str) -> String {
    let unit = match source {
        RuleSource::Metric { metric, .. } => figures::shown_unit(metric, unit),
        RuleSource::Check { .. } | RuleSource::Logs { .. } => unit,
    };
    if value.is_finite() { figures::format(value, unit) } else { "no value".to_owned() }
}

/// A length of time in words: `90 seconds`, `2 minutes`, `1 hour`.
pub fn duration_text(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s >= 86400 && s % 86400 == 0 => (s / 86400, "day"),
        s if s >= 3600 && s % 3600 == 0 => (s / 3600, "hour"),
        s if (60..3600).contains(&s) && s % 60 == 0 => (s / 60, "minute"),
        s if s > 3600 => {
            return format!("{} {}", duration_text(s / 3600 * 3600), duration_text(s % 3600 / 60 * 60));
        }
        s if s > 60 => return format!("{} {}", duration_text(s / 60 * 60), duration_text(s % 60)),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn comparison(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::Above => "above",
        Comparator::AtLeast => "at least",
        Comparator::Below => "below",
        Comparator::AtMost => "at most",
    }
}

fn aggregation(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::Average => "average",
        Aggregation::Sum => "sum",
        Aggregation::Minimum => "smallest value",
        Aggregation::Maximum => "largest value",
        Aggregation::Last => "latest value",
        Aggregation::Count => "number of samples",
        Aggregation::Rate => "rate",
        Aggregation::Increase => "increase",
        Aggregation::P50 => "median",
        Aggregation::P90 => "p90",
        Aggregation::P95 => "p95",
        Aggregation::P99 => "p99",
    }
}

fn matcher(matcher: &TagMatcher) -> String {
    let relation = match matcher.operator {
        MatchOperator::Equal => "is",
        MatchOperator::NotEqual => "is not",
        MatchOperator::Regex => "matches",
        MatchOperator::NotRegex => "does not match",
    };
    format!("{} {relation} {}", matcher.key, matcher.value)
}

/// The rule in one sentence; `unit` is that of the watched values and may be empty. The name of a check
/// stands in for its number where it is known.
pub fn sentence(rule: &AlertRule, unit: &str, check_name: Option<&str>) -> String {
    let subject = match &rule.source {
        RuleSource::Metric { metric, matchers, aggregation: how, group_by, window_seconds } => {
            let tags: Vec<String> = matchers.iter().map(matcher).collect();
            let tags = if tags.is_empty() { String::new() } else { format!(" where {}", tags.join(" and ")) };
            let each = if group_by.is_empty() {
                String::new()
            } else {
                format!(" of any {}", group_by.join(" and "))
            };
            let window = duration_text(i64::from(*window_seconds));
            format!("the {} of {metric}{each}{tags}, over {window},", aggregation(*how))
        }
        RuleSource::Check { check_id } => {
            return format!(
                "Tells you when {}{}.",
                check_condition(rule, check_id.as_deref(), check_name),
                held(rule)
            );
        }
        RuleSource::Logs { query, by_service, window_seconds } => {
            let what =
                if query.trim().is_empty() { "all".to_owned() } else { format!("“{}”", query.trim()) };
            let each = if *by_service { " of any service" } else { "" };
            let window = duration_text(i64::from(*window_seconds));
            format!("the number of log records{each} that match {what} in {window}")
        }
    };
    let threshold = value_text(&rule.source, rule.threshold, unit);
    format!("Tells you when {subject} is {} {threshold}{}.", comparison(rule.comparator), held(rule))
}

fn held(rule: &AlertRule) -> String {
    match rule.for_seconds {
        0 => String::new(),
        seconds => format!(" for {}", duration_text(i64::from(seconds))),
    }
}

fn check_condition(rule: &AlertRule, check_id: Option<&str>, check_name: Option<&str>) -> String {
    let subject = match (check_id, check_name) {
        (None, _) => "any health check".to_owned(),
        (_, Some(name)) => format!("the health check {name}"),
        (Some(id), None) => format!("the health check {id}"),
    };
    let words = ["healthy", "degraded", "unhealthy"];
    let which: Vec<&str> = (0..3_u8)
        .filter(|state| rule.comparator.holds(f64::from(*state), rule.threshold))
        .map(|state| words[usize::from(state)])
        .collect();
    match which.as_slice() {
        [] => format!("{subject} is in no state at all (this never happens)"),
        several => format!("{subject} is {}", several.join(" or ")),
    }
}

/// The value of an alert in words; the states of checks by name.
pub(crate) fn alert_value(rule: &AlertRule, alert: &Alert) -> String {
    match (&rule.source, alert.value) {
        (_, None) => "no data".to_owned(),
        (RuleSource::Check { .. }, Some(value)) => match value {
            2.0 => "unhealthy".to_owned(),
            1.0 => "degraded".to_owned(),
            _ => "healthy".to_owned(),
        },
        (RuleSource::Logs { .. }, Some(1.0)) => "1 log record matches".to_owned(),
        (RuleSource::Logs { .. }, Some(value)) => format!("{} log records match", figures::digits(value)),
        (RuleSource::Metric { .. }, Some(value)) => value_text(&rule.source, value, &alert.unit),
    }
}

/// Why an alert came into its state, in a few words.
pub(crate) fn reason(rule: &AlertRule, alert: &Alert, from: AlertState) -> String {
    let value = alert_value(rule, alert);
    let check = matches!(rule.source, RuleSource::Check { .. });
    // "12 log records match" is a sentence already.
    let is = if matches!(rule.source, RuleSource::Logs { .. }) { "," } else { " is" };
    match alert.state {
        AlertState::Inactive if alert.value.is_none() => "no data".to_owned(),
        AlertState::Inactive if check => value,
        AlertState::Inactive => {
            let limit = match (from, rule.resolve_threshold) {
                (AlertState::Firing, Some(resolve)) => resolve,
                _ => rule.threshold,
            };
            format!(
                "{value}{is} not {} {}",
                comparison(rule.comparator),
                value_text(&rule.source, limit, &alert.unit)
            )
        }
        AlertState::Pending | AlertState::Firing => {
            let condition = match (alert.value, check) {
                (None, _) | (_, true) => value,
                _ => format!(
                    "{value}{is} {} {}",
                    comparison(rule.comparator),
                    value_text(&rule.source, rule.threshold, &alert.unit)
                ),
            };
            format!(
                "{condition}{}",
                if alert.state == AlertState::Firing { held(rule) } else { String::new() }
            )
        }
    }
}

/// The title of a notification: what and where.
pub(crate) fn title(rule: &AlertRule, alert: &Alert, kind: NotificationKind) -> String {
    let mut place: Vec<&str> = Vec::new();
    for key in ["check", "service", "service.name", "host", "host.name"] {
        place.extend(alert.labels.get(key).map(String::as_str));
    }
    for (key, value) in &alert.labels {
        if !["check", "service", "service.name", "host", "host.name", "kind"].contains(&key.as_str()) {
            place.push(value);
        }
    }
    place.dedup();
    let what = match kind {
        NotificationKind::Resolved => format!("Resolved: {}", rule.name),
        NotificationKind::Firing | NotificationKind::Test => rule.name.clone(),
    };
    if place.is_empty() { what } else { format!("{what} - {}", place.join(", ")) }
}

/// The body of a notification: value against threshold, since when, in the time zone given.
pub(crate) fn body(rule: &AlertRule, alert: &Alert, kind: NotificationKind, zone: FixedOffset) -> String {
    match kind {
        NotificationKind::Resolved => {
            let lasted = match (alert.fired_at, alert.resolved_at) {
                (Some(fired), Some(resolved)) => {
                    format!(" after {}", duration_text((resolved.since(fired) / NANOS_PER_SECOND).max(1)))
                }
                _ => String::new(),
            };
            format!("{}{lasted}", upper(&reason(rule, alert, AlertState::Firing)))
        }
        NotificationKind::Firing | NotificationKind::Test => {
            let since = alert.active_since.or(alert.fired_at).unwrap_or(alert.evaluated_at);
            format!("{}, since {}", upper(&reason(rule, alert, AlertState::Pending)), clock(since, zone))
        }
    }
}

fn clock(time: Timestamp, zone: FixedOffset) -> String {
    DateTime::<Utc>::from_timestamp_nanos(time.0).with_timezone(&zone).format("%H:%M:%S").to_string()
}

fn upper(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_readable_scales() {
        let text = |metric: &str, value, unit| {
            let source = RuleSource::Metric {
                metric: metric.to_owned(),
                matchers: Vec::new(),
                aggregation: Aggregation::Average,
                group_by: Vec::new(),
                window_seconds: 60,
            };
            value_text(&source, value, unit)
        };
        assert_eq!(text("m", 0.8, "s"), "800 ms");
        assert_eq!(text("m", 536_870_912.0, "By"), "512 MiB");
        assert_eq!(text("m", 2048.0, "By/s"), "2 KiB/s");
        assert_eq!(text("m", 5.25, "/s"), "5.25/s");
        assert_eq!(text("system.cpu.utilization", 0.882, "1"), "88.2%");
        assert_eq!(text("queue.length", 88.0, "1"), "88");
        assert_eq!(text("m", f64::NAN, "s"), "no value");
    }

    #[test]
    fn durations_are_words() {
        assert_eq!(duration_text(1), "1 second");
        assert_eq!(duration_text(120), "2 minutes");
        assert_eq!(duration_text(90), "1 minute 30 seconds");
        assert_eq!(duration_text(3600), "1 hour");
        assert_eq!(duration_text(5400), "1 hour 30 minutes");
        assert_eq!(duration_text(86400), "1 day");
    }
}
