//! Values, durations, rules and alerts in words. Pure.

use chrono::{DateTime, FixedOffset, Utc};
use model::{
    Aggregation, Alert, AlertRule, AlertState, Comparator, MatchOperator, NANOS_PER_SECOND, NotificationKind,
    TagMatcher, Timestamp, Watch,
};

/// A value with its unit in a scale that people read easily, to three significant digits: `1.24 s`,
/// `512 MiB`, `93.1 %`. Units are UCUM's as OpenTelemetry uses them.
pub fn value_text(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return "no value".to_owned();
    }
    let (unit, per_second) = match unit.strip_suffix("/s") {
        Some(base) => (base, "/s"),
        None => (unit, ""),
    };
    let seconds = match unit {
        "s" => Some(1.0),
        "ms" => Some(1e-3),
        "us" => Some(1e-6),
        "ns" => Some(1e-9),
        "min" => Some(60.0),
        "h" => Some(3600.0),
        "d" => Some(86400.0),
        _ => None,
    };
    if let (Some(factor), "") = (seconds, per_second) {
        let scales =
            [(86400.0 * 2.0, 86400.0, "d"), (7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (1.0, 1.0, "s")];
        let small = [(1e-3, 1e-3, "ms"), (1e-6, 1e-6, "µs"), (0.0, 1e-9, "ns")];
        return scaled(value * factor, scales.into_iter().chain(small), "s", "");
    }
    let bytes = match unit {
        "By" => Some(1.0),
        "KiBy" => Some(1024.0),
        "MiBy" => Some(1024.0 * 1024.0),
        "kBy" => Some(1e3),
        "MBy" => Some(1e6),
        _ => None,
    };
    if let Some(factor) = bytes {
        let power = |exponent: i32| 1024_f64.powi(exponent);
        let scales = [(4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")];
        let scales = scales.into_iter().map(|(exponent, name)| (power(exponent), power(exponent), name));
        return scaled(value * factor, scales, "B", per_second);
    }
    match unit {
        "" | "1" => format!("{}{per_second}", digits(value)),
        annotation if annotation.starts_with('{') => format!("{}{per_second}", digits(value)),
        other => format!("{} {other}{per_second}", digits(value)),
    }
}

fn scaled<'a>(
    value: f64,
    mut scales: impl Iterator<Item = (f64, f64, &'a str)>,
    base: &str,
    suffix: &str,
) -> String {
    if value == 0.0 {
        return format!("0 {base}{suffix}");
    }
    match scales.find(|scale| value.abs() >= scale.0) {
        Some((_, factor, name)) => format!("{} {name}{suffix}", digits(value / factor)),
        None => format!("{} {base}{suffix}", digits(value)),
    }
}

/// Three significant digits below a thousand, whole numbers with separators above.
fn digits(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.2e}");
    }
    if size >= 999.5 {
        let whole = format!("{:.0}", size);
        let mut text = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        return if value < 0.0 { format!("-{text}") } else { text };
    }
    let places = if size == 0.0 { 0 } else { (2 - size.log10().floor() as i32).clamp(0, 6) };
    let text = format!("{value:.*}", places as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
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
    let subject = match &rule.watch {
        Watch::Metric { metric, matchers, aggregation: how, group_by, window_seconds } => {
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
        Watch::Check { check_id } => {
            return format!(
                "Tells you when {}{}.",
                check_condition(rule, check_id.as_deref(), check_name),
                held(rule)
            );
        }
        Watch::Logs { query, by_service, window_seconds } => {
            let what =
                if query.trim().is_empty() { "all".to_owned() } else { format!("“{}”", query.trim()) };
            let each = if *by_service { " of any service" } else { "" };
            let window = duration_text(i64::from(*window_seconds));
            format!("the number of log records{each} that match {what} in {window}")
        }
    };
    let threshold = value_text(rule.threshold, unit);
    format!("Tells you when {subject} is {} {threshold}{}.", comparison(rule.comparator), held(rule))
}

fn held(rule: &AlertRule) -> String {
    match rule.hold_seconds {
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
    match (&rule.watch, alert.value) {
        (_, None) => "no data".to_owned(),
        (Watch::Check { .. }, Some(value)) => match value {
            2.0 => "unhealthy".to_owned(),
            1.0 => "degraded".to_owned(),
            _ => "healthy".to_owned(),
        },
        (Watch::Logs { .. }, Some(value)) => format!("{} matching log records", digits(value)),
        (Watch::Metric { .. }, Some(value)) => value_text(value, &alert.unit),
    }
}

/// Why an alert came into its state, in a few words.
pub(crate) fn reason(rule: &AlertRule, alert: &Alert, from: AlertState) -> String {
    let value = alert_value(rule, alert);
    let check = matches!(rule.watch, Watch::Check { .. });
    match alert.state {
        AlertState::Inactive if alert.value.is_none() => "no data".to_owned(),
        AlertState::Inactive if check => value,
        AlertState::Inactive => {
            let limit = match (from, rule.resolve_threshold) {
                (AlertState::Firing, Some(resolve)) => resolve,
                _ => rule.threshold,
            };
            format!("{value} is not {} {}", comparison(rule.comparator), value_text(limit, &alert.unit))
        }
        AlertState::Pending | AlertState::Firing => {
            let condition = match (alert.value, check) {
                (None, _) | (_, true) => value,
                _ => format!(
                    "{value} is {} {}",
                    comparison(rule.comparator),
                    value_text(rule.threshold, &alert.unit)
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
        assert_eq!(value_text(1.24, "s"), "1.24 s");
        assert_eq!(value_text(0.8, "s"), "800 ms");
        assert_eq!(value_text(1240.0, "ms"), "1.24 s");
        assert_eq!(value_text(150.0, "s"), "2.5 min");
        assert_eq!(value_text(536_870_912.0, "By"), "512 MiB");
        assert_eq!(value_text(2048.0, "By/s"), "2 KiB/s");
        assert_eq!(value_text(93.14, "%"), "93.1 %");
        assert_eq!(value_text(12345.6, "{request}"), "12,346");
        assert_eq!(value_text(0.0, "s"), "0 s");
        assert_eq!(value_text(5.25, "/s"), "5.25/s");
        assert_eq!(value_text(-3.0, ""), "-3");
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
