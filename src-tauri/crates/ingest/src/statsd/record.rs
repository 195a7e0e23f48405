//! Conversion of events and service checks to log records.

use std::sync::Arc;

use model::{LogRecord, NANOS_PER_SECOND, Scope, Series, Severity, Timestamp};

use super::{
    line::{Check, Event},
    tags::Tags,
};
use crate::timestamp;

/// Converts an event. The body is its title, with its text on the next lines.
pub(super) fn event(event: &Event<'_>, service: &str, now: Timestamp) -> LogRecord {
    let severity = match event.alert_type {
        "error" => Severity::ERROR,
        "warning" => Severity::WARN,
        _ => Severity::INFO,
    };
    // Clients escape line breaks, because a line ends at a real one.
    let text = event.text.replace("\\n", "\n");
    let body = if text.is_empty() { event.title.to_owned() } else { format!("{}\n{text}", event.title) };
    let details = [
        ("host.name", event.host),
        ("dogstatsd.priority", event.priority),
        ("dogstatsd.source", event.source),
        ("dogstatsd.aggregation_key", event.aggregation_key),
    ];
    LogRecord {
        severity,
        severity_text: event.alert_type.to_owned(),
        body,
        event_name: "dogstatsd.event".to_owned(),
        ..record(event.tags, &details, service, event.timestamp, now)
    }
}

/// Converts a service check.
pub(super) fn check(check: &Check<'_>, service: &str, now: Timestamp) -> LogRecord {
    let (word, severity) = match check.status {
        0 => ("ok", Severity::INFO),
        1 => ("warning", Severity::WARN),
        2 => ("critical", Severity::ERROR),
        _ => ("unknown", Severity::WARN),
    };
    let mut body = format!("{} is {word}", check.name);
    if !check.message.is_empty() {
        body.push_str(": ");
        body.push_str(check.message);
    }
    let details = [("dogstatsd.check", check.name), ("host.name", check.host)];
    LogRecord {
        severity,
        severity_text: word.to_owned(),
        body,
        event_name: "dogstatsd.service_check".to_owned(),
        ..record(check.tags, &details, service, check.timestamp, now)
    }
}

/// Returns the series of a check's status: 0 ok, 1 warning, 2 critical, 3 unknown.
pub(super) fn check_status(check: &Check<'_>, record: &LogRecord) -> Series {
    let host = Some(check.host).filter(|host| !host.is_empty());
    let mut labels = check.tags.attributes().with("check", check.name);
    if let Some(host) = host {
        labels = labels.with("host.name", host);
    }
    Series {
        scope: Arc::clone(&record.scope),
        ..Series::gauge("dogstatsd.service_check", "", Arc::clone(&record.resource), labels)
    }
}

/// Returns a record without a body. Empty details are omitted.
fn record(
    tags: Tags<'_>,
    details: &[(&str, &str)],
    service: &str,
    seconds: Option<i64>,
    now: Timestamp,
) -> LogRecord {
    let sent = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let time = sent
        .and_then(|seconds| timestamp::validated(seconds.saturating_mul(NANOS_PER_SECOND as u64), now).ok());
    let mut attributes = tags.attributes();
    for (key, value) in details.iter().filter(|(_, value)| !value.is_empty()) {
        attributes.0.insert((*key).to_owned(), (*value).into());
    }
    LogRecord {
        time: time.unwrap_or(now),
        observed_time: now,
        severity: Severity::INFO,
        severity_text: String::new(),
        body: String::new(),
        resource: tags.resource(service, ""),
        scope: Arc::new(Scope { name: "statsd".to_owned(), version: String::new() }),
        attributes,
        trace_id: None,
        span_id: None,
        event_name: String::new(),
    }
}
