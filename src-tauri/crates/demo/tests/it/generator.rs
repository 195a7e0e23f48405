//! Consistency of the shop's telemetry.

use std::collections::{HashMap, HashSet};

use demo::{Generator, Telemetry};
use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
    metrics::v1::{Metric, metric::Data, number_data_point},
    resource::v1::Resource,
    trace::v1::{Span, span::SpanKind},
};

const SECOND: i64 = 1_000_000_000;
/// A Monday, 12:00 UTC.
const OPENED: i64 = 1_900_238_400 * SECOND;

fn spans(telemetry: &Telemetry) -> Vec<(String, Span)> {
    let groups = telemetry.traces.resource_spans.iter();
    groups
        .flat_map(|group| {
            let service = service_of(group.resource.as_ref());
            group.scope_spans.iter().flat_map(move |scoped| {
                let service = service.clone();
                scoped.spans.iter().map(move |span| (service.clone(), span.clone()))
            })
        })
        .collect()
}

fn logs(telemetry: &Telemetry) -> Vec<LogRecord> {
    let groups = telemetry.logs.resource_logs.iter();
    groups.flat_map(|group| &group.scope_logs).flat_map(|scoped| scoped.log_records.clone()).collect()
}

fn metrics<'a>(telemetry: &'a Telemetry, service: &str) -> Vec<&'a Metric> {
    let groups = telemetry.metrics.resource_metrics.iter();
    groups
        .filter(|group| service_of(group.resource.as_ref()) == service)
        .flat_map(|group| &group.scope_metrics)
        .flat_map(|scoped| &scoped.metrics)
        .collect()
}

fn service_of(resource: Option<&Resource>) -> String {
    text(resource.map(|resource| resource.attributes.as_slice()).unwrap_or_default(), "service.name")
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|pair| pair.key == key);
    match found.and_then(|pair| pair.value.as_ref()).and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key} is {other:?}"),
    }
}

fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("body is {other:?}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_telemetry_however_it_is_advanced() {
    let whole = Generator::new(7, OPENED).advance(OPENED + 600 * SECOND);
    let mut stepwise = Generator::new(7, OPENED);
    let mut sent = Vec::new();
    for minute in 1..=10 {
        sent.extend(spans(&stepwise.advance(OPENED + minute * 60 * SECOND)));
    }
    let key =
        |(service, span): &(String, Span)| (service.clone(), span.end_time_unix_nano, span.span_id.clone());
    let mut expected = spans(&whole);
    expected.sort_by_key(key);
    sent.sort_by_key(key);
    assert!(expected.len() > 5000);
    assert_eq!(sent, expected);
    assert_ne!(spans(&Generator::new(8, OPENED).advance(OPENED + 60 * SECOND)), expected);
}

#[test]
fn traces_are_whole_and_children_lie_within_their_parents() {
    let telemetry = Generator::new(1, OPENED).advance(OPENED + 900 * SECOND);
    let spans = spans(&telemetry);
    let by_id: HashMap<_, _> =
        spans.iter().map(|(_, span)| ((span.trace_id.clone(), span.span_id.clone()), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "span ids are unique");
    let mut sizes: HashMap<Vec<u8>, usize> = HashMap::new();
    for (_, span) in &spans {
        *sizes.entry(span.trace_id.clone()).or_default() += 1;
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        if !span.parent_span_id.is_empty() {
            let parent = by_id[&(span.trace_id.clone(), span.parent_span_id.clone())];
            assert!(
                parent.start_time_unix_nano <= span.start_time_unix_nano,
                "{} in {}",
                span.name,
                parent.name
            );
            assert!(span.end_time_unix_nano <= parent.end_time_unix_nano, "{} in {}", span.name, parent.name);
        }
    }
    let longest = sizes.values().max().copied().unwrap_or_default();
    let shortest = sizes.values().min().copied().unwrap_or_default();
    assert!((15..=22).contains(&longest) && shortest >= 3, "{shortest} to {longest} spans");
    let kinds: HashSet<i32> = spans.iter().map(|(_, span)| span.kind).collect();
    assert_eq!(kinds.len(), 5);
    let services: HashSet<&str> = spans.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(services.len(), 7);
}

#[test]
fn logs_and_links_point_at_spans_that_exist() {
    let telemetry = Generator::new(2, OPENED).advance(OPENED + 900 * SECOND);
    let spans = spans(&telemetry);
    let known: HashSet<_> =
        spans.iter().map(|(_, span)| (span.trace_id.clone(), span.span_id.clone())).collect();
    let records = logs(&telemetry);
    let correlated: Vec<_> = records.iter().filter(|record| !record.trace_id.is_empty()).collect();
    assert!(correlated.len() > 1000 && records.len() - correlated.len() <= 2);
    for record in correlated {
        assert!(known.contains(&(record.trace_id.clone(), record.span_id.clone())), "{}", body(record));
    }
    let links: Vec<_> = spans.iter().flat_map(|(_, span)| &span.links).collect();
    assert!(links.len() > 20);
    for link in links {
        assert!(known.contains(&(link.trace_id.clone(), link.span_id.clone())));
    }
}

#[test]
fn the_fault_shows_in_logs_durations_and_up_to_the_gateway() {
    let mut shop = Generator::new(3, OPENED);
    let before = shop.advance(OPENED + 480 * SECOND);
    let during = shop.advance(OPENED + 840 * SECOND);
    let timeouts = |telemetry: &Telemetry| {
        logs(telemetry)
            .iter()
            .filter(|record| body(record).starts_with("timeout acquiring connection after 3000 ms"))
            .count()
    };
    assert_eq!(timeouts(&before), 0);
    let sent = timeouts(&during);
    assert!(sent > 10, "{sent} timeouts");
    let failed = |telemetry: &Telemetry, service: &str, status: &str| {
        let spans = spans(telemetry);
        spans
            .iter()
            .filter(|(owner, span)| {
                owner == service
                    && span.kind == SpanKind::Server as i32
                    && span.attributes.iter().any(|pair| pair.key == "error.type")
                    && text(&span.attributes, "error.type") == status
            })
            .count()
    };
    assert_eq!(failed(&during, "checkout", "503"), sent);
    assert!(failed(&during, "gateway", "502") >= sent);
    let exceptions = spans(&during)
        .iter()
        .flat_map(|(_, span)| span.events.clone())
        .filter(|event| {
            event.name == "exception" && text(&event.attributes, "exception.type") == "PoolTimeoutError"
        })
        .count();
    assert_eq!(exceptions, sent);
}

#[test]
fn counters_agree_with_traces() {
    let mut shop = Generator::new(4, OPENED);
    let telemetry = shop.advance(OPENED + 1200 * SECOND);
    // The last collection before the end.
    let collected = OPENED + 1185 * SECOND;
    let served = spans(&telemetry)
        .iter()
        .filter(|(service, span)| {
            service == "gateway"
                && span.kind == SpanKind::Server as i32
                && (span.end_time_unix_nano as i64) < collected
        })
        .count();
    let counted: i64 = metrics(&telemetry, "gateway")
        .into_iter()
        .filter(|metric| metric.name == "http.server.requests")
        .filter_map(|metric| match &metric.data {
            Some(Data::Sum(sum)) => Some(sum),
            _ => None,
        })
        .flat_map(|sum| &sum.data_points)
        .filter(|point| point.time_unix_nano as i64 == collected)
        .map(|point| match point.value {
            Some(number_data_point::Value::AsInt(count)) => count,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(counted, served as i64);
    for metric in metrics(&telemetry, "checkout") {
        if let Some(Data::Histogram(histogram)) = &metric.data {
            for point in &histogram.data_points {
                assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
            }
        }
    }
}
