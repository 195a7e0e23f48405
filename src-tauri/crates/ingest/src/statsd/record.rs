//! Events and service checks as log records.

use std::sync::Arc;

use model::{LogRecord, NANOS_PER_SECOND, Scope, Severity, Timestamp};

use super::{
    aggregate::{attributes, resource},
    line::{Check, Event, Tags},
};
use crate::clock;

/// The record of an event: its title, and its text below.
pub(super) fn of_event(event: &Event<'_>, service: &str, now: Timestamp) -> LogRecord {
    let severity = match event.alert_type {
        "error" => Severity::ERROR,
        "warning" => Severity::WARN,
        _ => Severity::INFO,
    };
    // Clients write line breaks as two letters, for a datagram is cut at real ones.
    let text = event.text.replace("\\n", "\n");
    let body = if text.is_empty() { event.title.to_owned() } else { format!("{}\n{text}", event.title) };
    let mut record = record(
        "dogstatsd.event",
        body,
        severity,
        event.alert_type,
        event.tags,
        service,
        event.timestamp,
        now,
    );
    for (key, value) in [
        ("host.name", event.host),
        ("dogstatsd.priority", event.priority),
        ("dogstatsd.source", event.source),
        ("dogstatsd.aggregation_key", event.aggregation_key),
    ] {
        if !value.is_empty() {
            record.attributes.0.insert(key.to_owned(), value.into());
        }
    }
    record
}

/// The record of a service check.
pub(super) fn of_check(check: &Check<'_>, service: &str, now: Timestamp) -> LogRecord {
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
    let mut record =
        record("dogstatsd.service_check", body, severity, word, check.tags, service, check.timestamp, now);
    record.attributes.0.insert("dogstatsd.check".to_owned(), check.name.into());
    if !check.host.is_empty() {
        record.attributes.0.insert("host.name".to_owned(), check.host.into());
    }
    record
}

#[allow(clippy::too_many_arguments, reason = "what both kinds of records are made of, used twice")]
fn record(
    event_name: &str,
    body: String,
    severity: Severity,
    severity_text: &str,
    tags: Tags<'_>,
    service: &str,
    seconds: Option<i64>,
    now: Timestamp,
) -> LogRecord {
    let told = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let time =
        told.and_then(|seconds| clock::believable(seconds.saturating_mul(NANOS_PER_SECOND as u64), now).ok());
    LogRecord {
        time: time.unwrap_or(now),
        observed_time: now,
        severity,
        severity_text: severity_text.to_owned(),
        body,
        resource: resource(tags, service, ""),
        scope: Arc::new(Scope { name: "statsd".to_owned(), version: String::new() }),
        attributes: attributes(tags),
        trace_id: None,
        span_id: None,
        event_name: event_name.to_owned(),
    }
}
