//! Batches like those of SDKs and collectors.
//!
//! Each is built once. Before it is sent it gets new identifiers, times and values, so that data on
//! disk repeat no more than real data.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::LogRecord,
    metrics::v1::{Gauge, Metric, NumberDataPoint, Sum, metric, number_data_point},
    trace::v1::Span,
};
use prost::Message;
use test_support::otlp_load::{
    Signal, attribute, data_point, logs_request, metrics_request, now, number_attribute, resource,
    spans_request, text,
};

/// Spans of one request through several services.
const SPANS_PER_TRACE: usize = 9;
/// Series of the metrics, the same for every sender.
const SERIES: usize = 1_000;
const URL_PATH: &str = "url.path";
const ORDER_NUMBER: &str = "order.number";

/// Nanoseconds between two samples of a series.
const STEP: u64 = 1_000_000_000;

const ROUTES: [&str; 6] = ["/", "/products", "/products/{id}", "/cart", "/orders", "/orders/{id}/payment"];

/// A source of batches of one signal.
pub(crate) enum Batches {
    Spans(ExportTraceServiceRequest, Random),
    Logs(ExportLogsServiceRequest, Random),
    Metrics(ExportMetricsServiceRequest, Arc<AtomicU64>),
}

impl Batches {
    /// Creates batches of `size` spans: traces of nine, each span with seven attributes.
    pub(crate) fn spans(size: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let spans = (0..size).map(|index| span(index, &mut random)).collect();
        Self::Spans(spans_request(service("shop"), spans), random)
    }

    /// Creates batches of `size` log records of a web server, with the request in the text and five
    /// attributes.
    pub(crate) fn logs(size: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let records = (0..size).map(|_| log(&mut random)).collect();
        Self::Logs(logs_request(service("web"), records), random)
    }

    /// Creates batches of `size` points of 1,000 series of a host, half gauges and half counters.
    ///
    /// Batches that share `clock` continue each other's times.
    pub(crate) fn metrics(size: usize, clock: Arc<AtomicU64>) -> Self {
        let points = size / SERIES;
        let metrics = (0..SERIES / 20).map(|number| host_metric(number, points)).collect();
        Self::Metrics(metrics_request(service("host"), metrics), clock)
    }

    pub(crate) fn signal(&self) -> Signal {
        match self {
            Self::Spans(..) => Signal::Spans,
            Self::Logs(..) => Signal::Logs,
            Self::Metrics(..) => Signal::Metrics,
        }
    }

    /// Encodes the next batch.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        match self {
            Self::Spans(request, random) => {
                renew_spans(&mut request.resource_spans[0].scope_spans[0].spans, random);
                request.encode_to_vec()
            }
            Self::Logs(request, random) => {
                renew_logs(&mut request.resource_logs[0].scope_logs[0].log_records, random);
                request.encode_to_vec()
            }
            Self::Metrics(request, clock) => {
                renew_metrics(&mut request.resource_metrics[0].scope_metrics[0].metrics, clock);
                request.encode_to_vec()
            }
        }
    }
}

/// Creates a clock for the times of metrics. It starts a day ago, so that no time is in the future.
pub(crate) fn metric_clock() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(now() - 86_400 * 1_000_000_000))
}

fn service(name: &str) -> Option<opentelemetry_proto::tonic::resource::v1::Resource> {
    let attributes = vec![
        attribute("service.version", "2.4.1"),
        attribute("service.instance.id", "6f1c7a52-8d0e-4a55-9b57-1d3a0c9e4d11"),
        attribute("host.name", "desk"),
        attribute("deployment.environment.name", "production"),
        attribute("telemetry.sdk.language", "rust"),
        attribute("telemetry.sdk.name", "opentelemetry"),
    ];
    resource(name, attributes)
}

fn span(index: usize, random: &mut Random) -> Span {
    let route = ROUTES[random.below(ROUTES.len() as u64) as usize];
    let is_root = index.is_multiple_of(SPANS_PER_TRACE);
    Span {
        trace_id: vec![0; 16],
        span_id: vec![0; 8],
        parent_span_id: if is_root { Vec::new() } else { vec![0; 8] },
        name: format!("GET {route}"),
        kind: if is_root { 2 } else { 3 },
        attributes: vec![
            attribute("http.request.method", "GET"),
            attribute("http.route", route),
            attribute(URL_PATH, ""),
            number_attribute("http.response.status_code", if random.below(50) == 0 { 500 } else { 200 }),
            attribute("server.address", "shop.example.com"),
            number_attribute("server.port", 8080),
            attribute("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101"),
        ],
        ..Span::default()
    }
}

fn renew_spans(spans: &mut [Span], random: &mut Random) {
    let now = now();
    for trace in spans.chunks_mut(SPANS_PER_TRACE) {
        let trace_id = [random.bytes(), random.bytes()].concat();
        let root = random.bytes();
        for (index, span) in trace.iter_mut().enumerate() {
            span.trace_id.copy_from_slice(&trace_id);
            let span_id = if index == 0 { root } else { random.bytes() };
            span.span_id.copy_from_slice(&span_id);
            span.parent_span_id.iter_mut().zip(root).for_each(|(target, byte)| *target = byte);
            let duration = 200_000 + random.below(40_000_000);
            span.end_time_unix_nano = now - random.below(1_000_000);
            span.start_time_unix_nano = span.end_time_unix_nano - duration;
            let order = random.below(100_000);
            set(&mut span.attributes, URL_PATH, Value::StringValue(format!("/orders/{order}/payment")));
        }
    }
}

fn log(random: &mut Random) -> LogRecord {
    let route = ROUTES[random.below(ROUTES.len() as u64) as usize];
    let (status, severity, word) = if random.below(50) == 0 { (500, 17, "ERROR") } else { (200, 9, "INFO") };
    let attributes: Vec<KeyValue> = vec![
        attribute("http.request.method", "GET"),
        attribute("http.route", route),
        number_attribute("http.response.status_code", status),
        number_attribute(ORDER_NUMBER, 0),
        attribute("thread.name", &format!("worker-{}", random.below(16))),
    ];
    LogRecord {
        severity_number: severity,
        severity_text: word.into(),
        attributes,
        trace_id: vec![0; 16],
        span_id: vec![0; 8],
        ..LogRecord::default()
    }
}

fn renew_logs(records: &mut [LogRecord], random: &mut Random) {
    let now = now();
    let count = records.len() as u64;
    for (record, index) in records.iter_mut().zip(0..) {
        record.time_unix_nano = now - (count - index) * 1_000;
        record.observed_time_unix_nano = now;
        record.trace_id.copy_from_slice(&[random.bytes(), random.bytes()].concat());
        record.span_id.copy_from_slice(&random.bytes());
        let (order, milliseconds) = (random.below(1_000_000), random.below(400));
        set(&mut record.attributes, ORDER_NUMBER, Value::IntValue(order as i64));
        record.body =
            Some(text(&format!("payment for order {order} taken in {milliseconds} ms, receipt sent")));
    }
}

/// Replaces the value of an existing attribute.
fn set(attributes: &mut [KeyValue], key: &str, value: Value) {
    if let Some(attribute) = attributes.iter_mut().find(|attribute| attribute.key == key) {
        attribute.value = Some(AnyValue { value: Some(value) });
    }
}

/// Creates a metric with twenty series.
fn host_metric(number: usize, points: usize) -> Metric {
    let data_points: Vec<NumberDataPoint> = (0..20)
        .flat_map(|instance| {
            let attributes = vec![
                attribute("system.device", &format!("device-{instance}")),
                attribute("state", if instance % 2 == 0 { "read" } else { "write" }),
            ];
            let point = NumberDataPoint { attributes, ..data_point(0, 0.0) };
            std::iter::repeat_n(point, points)
        })
        .collect();
    let is_gauge = number.is_multiple_of(2);
    let data = if is_gauge {
        metric::Data::Gauge(Gauge { data_points })
    } else {
        metric::Data::Sum(Sum { data_points, aggregation_temporality: 2, is_monotonic: true })
    };
    let name = if is_gauge { "system.usage" } else { "system.operations" };
    Metric { name: format!("{name}.{number}"), unit: "1".into(), data: Some(data), ..Metric::default() }
}

fn renew_metrics(metrics: &mut [Metric], clock: &AtomicU64) {
    let points = metrics.first().map_or(0, |metric| numbers(metric).0.len() / 20);
    let start = clock.fetch_add(points as u64 * STEP, Ordering::Relaxed);
    for (number, metric) in metrics.iter_mut().enumerate() {
        let (data_points, is_gauge) = numbers_mut(metric);
        for (index, point) in data_points.iter_mut().enumerate() {
            point.time_unix_nano = start + (index % points) as u64 * STEP;
            let series = (number * 20 + index / points) as f64;
            let value = host_value(series, point.time_unix_nano / STEP, is_gauge);
            point.value = Some(number_data_point::Value::AsDouble(value));
        }
    }
}

/// Returns a slowly varying value, with the precision that operating systems report.
fn host_value(series: f64, second: u64, is_gauge: bool) -> f64 {
    let phase = (second % 86_400) as f64 / 600.0 + series;
    if is_gauge {
        ((40.0 + series % 17.0 + 25.0 * phase.sin() + 3.0 * (phase * 13.7).sin()) * 10.0).round() / 10.0
    } else {
        let seconds = (second % 86_400_000) as f64;
        (seconds * (50.0 + series) + 2_000.0 * phase.sin()).round()
    }
}

fn numbers(metric: &Metric) -> (&[NumberDataPoint], bool) {
    match &metric.data {
        Some(metric::Data::Gauge(gauge)) => (&gauge.data_points, true),
        Some(metric::Data::Sum(sum)) => (&sum.data_points, false),
        _ => (&[], false),
    }
}

fn numbers_mut(metric: &mut Metric) -> (&mut [NumberDataPoint], bool) {
    match &mut metric.data {
        Some(metric::Data::Gauge(gauge)) => (&mut gauge.data_points, true),
        Some(metric::Data::Sum(sum)) => (&mut sum.data_points, false),
        _ => (&mut [], false),
    }
}

/// The generator SplitMix64, fast enough not to affect the measurement. Source: Steele, Lea, Flood,
/// "Fast Splittable Pseudorandom Number Generators", 2014.
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes(&mut self) -> [u8; 8] {
        self.next().to_be_bytes()
    }
}
