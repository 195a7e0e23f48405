//! Conversion of OTLP requests to records, and the rejection of invalid ones.

use ingest::otlp::{attributes::CUT_MARKER, logs, metrics, traces};
use model::{Buckets, MetricKind, Severity, Temporality, Timestamp, is_stale};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValueList, any_value::Value},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
        Metric, NumberDataPoint, Sum, Summary, SummaryDataPoint, exemplar,
        exponential_histogram_data_point::Buckets as Side, metric::Data, number_data_point,
        summary_data_point::ValueAtQuantile,
    },
    trace::v1::span,
};

use crate::receiver::{self, log, resource, span, text};

/// 2027-01-01.
const NOW: u64 = 1_798_761_600_000_000_000;

fn at() -> Timestamp {
    Timestamp(NOW as i64)
}

fn number(value: f64) -> NumberDataPoint {
    NumberDataPoint {
        time_unix_nano: NOW,
        start_time_unix_nano: NOW - 5,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

fn metric(name: &str, data: Data) -> Metric {
    Metric {
        name: name.into(),
        unit: "s".into(),
        description: "d".into(),
        data: Some(data),
        ..Metric::default()
    }
}

#[test]
fn gauges_and_sums_retain_kind_temporality_and_start() {
    let int = NumberDataPoint { value: Some(number_data_point::Value::AsInt(7)), ..number(0.0) };
    let sum = |temporality, is_monotonic| {
        Data::Sum(Sum { data_points: vec![number(2.0)], aggregation_temporality: temporality, is_monotonic })
    };
    let conversion = metrics::convert(
        receiver::metrics(vec![
            metric("gauge", Data::Gauge(Gauge { data_points: vec![int, number(f64::NAN)] })),
            metric("delta", sum(1, true)),
            metric("level", sum(2, false)),
        ]),
        at(),
    );
    assert_eq!((conversion.rejected, conversion.message()), (0, String::new()));
    let described: Vec<_> = conversion
        .batch
        .series
        .iter()
        .map(|(_, series)| (series.name.as_str(), series.kind, series.temporality, series.monotonic))
        .collect();
    assert_eq!(
        described,
        [
            ("gauge", MetricKind::Gauge, Temporality::Unspecified, false),
            ("delta", MetricKind::Counter, Temporality::Delta, true),
            ("level", MetricKind::Counter, Temporality::Cumulative, false),
        ]
    );
    let values: Vec<f64> = conversion.batch.samples.iter().map(|sample| sample.value).collect();
    assert!(values[0] == 7.0 && values[1].is_nan() && values[2..] == [2.0, 2.0]);
    assert_eq!(conversion.batch.samples[2].start_time, Some(Timestamp(NOW as i64 - 5)));
    assert!(conversion.batch.series.iter().all(|(id, series)| *id == series.id()));
}

#[test]
fn whole_numbers_that_no_double_equals_are_stored_with_a_warning() {
    let whole =
        |value| NumberDataPoint { value: Some(number_data_point::Value::AsInt(value)), ..number(0.0) };
    let numbers = [(1 << 53) + 1, 1 << 60, i64::MAX, i64::MIN, -(1 << 53)].map(whole);
    let gauge = Data::Gauge(Gauge { data_points: numbers.to_vec() });
    let conversion = metrics::convert(receiver::metrics(vec![metric("id", gauge)]), at());
    assert_eq!((conversion.rejected, conversion.batch.samples.len()), (0, 5));
    let message = conversion.message();
    assert!(
        message.contains("9007199254740993 is stored as the nearest double, 9007199254740992"),
        "{message}"
    );
    assert_eq!(message.matches("nearest double").count(), 2, "{message}");
}

#[test]
fn histograms_of_every_kind() {
    let exemplar = Exemplar {
        value: Some(exemplar::Value::AsInt(3)),
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        filtered_attributes: vec![text("user", "u")],
        ..Exemplar::default()
    };
    let explicit = HistogramDataPoint {
        time_unix_nano: NOW,
        count: 6,
        sum: Some(12.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![1.0, 2.0],
        exemplars: vec![exemplar],
        ..HistogramDataPoint::default()
    };
    let plain = HistogramDataPoint { time_unix_nano: NOW, count: 4, ..HistogramDataPoint::default() };
    let exponential = ExponentialHistogramDataPoint {
        time_unix_nano: NOW,
        count: 6,
        scale: 3,
        zero_count: 1,
        positive: Some(Side { offset: -2, bucket_counts: vec![2, 3] }),
        max: Some(9.0),
        ..ExponentialHistogramDataPoint::default()
    };
    let summary = SummaryDataPoint {
        time_unix_nano: NOW,
        count: 9,
        sum: 3.0,
        quantile_values: vec![ValueAtQuantile { quantile: 0.5, value: 0.1 }],
        ..SummaryDataPoint::default()
    };
    let conversion = metrics::convert(
        receiver::metrics(vec![
            metric(
                "h",
                Data::Histogram(Histogram { data_points: vec![explicit, plain], aggregation_temporality: 2 }),
            ),
            metric(
                "e",
                Data::ExponentialHistogram(ExponentialHistogram {
                    data_points: vec![exponential],
                    aggregation_temporality: 1,
                }),
            ),
            metric("s", Data::Summary(Summary { data_points: vec![summary] })),
        ]),
        at(),
    );
    assert_eq!((conversion.rejected, conversion.message()), (0, String::new()));
    let points = &conversion.batch.histograms;
    assert_eq!(points[0].buckets, Buckets::Explicit { bounds: vec![1.0, 2.0], counts: vec![1, 2, 3] });
    assert_eq!((points[0].sum, points[0].start_time), (Some(12.5), None));
    assert_eq!(points[1].buckets, Buckets::Explicit { bounds: vec![], counts: vec![4] });
    assert_eq!(
        points[2].buckets,
        Buckets::Exponential {
            scale: 3,
            zero_threshold: 0.0,
            zero_count: 1,
            positive_offset: -2,
            positive: vec![2, 3],
            negative_offset: 0,
            negative: vec![],
        }
    );
    assert_eq!(points[3].buckets, Buckets::Quantiles(vec![(0.5, 0.1)]));
    let exemplar = &conversion.batch.exemplars[0];
    assert_eq!((exemplar.value, exemplar.time, exemplar.series), (3.0, at(), points[0].series));
    assert_eq!(exemplar.trace_id.unwrap().to_string(), "01".repeat(16));
}

#[test]
fn invalid_points_are_rejected_and_ends_of_series_marked() {
    let histogram = |count, bucket_counts: Vec<u64>, explicit_bounds: Vec<f64>| {
        let point = HistogramDataPoint {
            time_unix_nano: NOW,
            count,
            bucket_counts,
            explicit_bounds,
            ..Default::default()
        };
        metric("h", Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality: 2 }))
    };
    let gauge = |point| metric("g", Data::Gauge(Gauge { data_points: vec![point] }));
    let conversion = metrics::convert(
        receiver::metrics(vec![
            histogram(3, vec![1, 2], vec![1.0, 2.0]),
            histogram(3, vec![1, 2, 0], vec![2.0, 1.0]),
            histogram(4, vec![1, 2, 0], vec![1.0, 2.0]),
            gauge(NumberDataPoint { value: None, ..number(0.0) }),
            gauge(NumberDataPoint { value: None, flags: 1, ..number(0.0) }),
            gauge(NumberDataPoint { time_unix_nano: 0, ..number(0.0) }),
            gauge(NumberDataPoint { time_unix_nano: u64::MAX, ..number(0.0) }),
            metric("", Data::Gauge(Gauge { data_points: vec![number(1.0), number(2.0)] })),
            gauge(number(1.0)),
        ]),
        at(),
    );
    assert_eq!(conversion.rejected, 8);
    let [end, sample] = &conversion.batch.samples[..] else { panic!("{conversion:?}") };
    assert!(is_stale(end.value) && sample.value == 1.0);
    assert_eq!(conversion.batch.len(), 2);
    let message = conversion.message();
    let first = "resource_metrics[0].scope_metrics[0].metrics[0].data_points[0] of \"h\": histogram has 2 bucket \
                 counts for 2 bounds; ";
    assert!(message.starts_with(first) && message.ends_with("; and 3 more"), "{message}");
}

#[test]
fn spans_with_invalid_identifiers_are_rejected() {
    let mut zero = span(1);
    zero.trace_id = vec![0; 16];
    let mut short = span(2);
    short.span_id = vec![1; 7];
    let mut parent = span(3);
    parent.parent_span_id = vec![1; 9];
    let mut root = span(4);
    root.parent_span_id = vec![0; 8];
    let mut wrong_clock = span(5);
    wrong_clock.start_time_unix_nano = 1_000;
    let conversion = traces::convert(
        receiver::traces(vec![zero, short, parent, root, wrong_clock]),
        Timestamp(receiver::now() as i64),
    );
    assert_eq!(conversion.rejected, 4);
    assert_eq!(conversion.batch.spans.len(), 1);
    assert_eq!(conversion.batch.spans[0].parent_span_id, None);
    let message = conversion.message();
    assert!(message.contains("spans[1]: span id: expected 8 bytes"), "{message}");
    assert!(message.contains("days in the past"), "{message}");
}

#[test]
fn spans_that_end_before_they_start_have_no_duration() {
    let mut slightly = span(1);
    slightly.start_time_unix_nano = slightly.end_time_unix_nano + 1000;
    let mut much = span(2);
    much.start_time_unix_nano = much.end_time_unix_nano + 5_000_000_000;
    much.links = vec![span::Link { trace_id: vec![1; 3], ..span::Link::default() }];
    let conversion =
        traces::convert(receiver::traces(vec![slightly, much]), Timestamp(receiver::now() as i64));
    assert_eq!(conversion.rejected, 0);
    assert!(conversion.batch.spans.iter().all(|span| span.duration == 0 && span.links.is_empty()));
    let message = conversion.message();
    assert!(
        message.contains("spans[1]: ends 5 s before it starts") && !message.contains(".spans[0]"),
        "{message}"
    );
}

#[test]
fn logs_get_a_time_and_retain_structured_bodies() {
    let mut observed = log("observed");
    observed.time_unix_nano = 0;
    observed.observed_time_unix_nano = NOW - 7;
    let mut timeless = log("timeless");
    timeless.time_unix_nano = 0;
    timeless.severity_number = 99;
    timeless.trace_id = vec![0; 16];
    timeless.span_id = vec![1; 5];
    let mut structured = log("");
    structured.time_unix_nano = NOW;
    let values = vec![text("b", "1"), text("a", "2")];
    structured.body = Some(AnyValue { value: Some(Value::KvlistValue(KeyValueList { values })) });
    let mut huge = log(&"x".repeat(2 << 20));
    huge.time_unix_nano = NOW;
    let conversion = logs::convert(receiver::logs(vec![observed, timeless, structured, huge]), at());
    assert_eq!(conversion.rejected, 0);
    let records = &conversion.batch.logs;
    assert_eq!(records[0].time, Timestamp(NOW as i64 - 7));
    assert_eq!(
        (records[1].time, records[1].observed_time, records[1].severity),
        (at(), at(), Severity::INFO)
    );
    assert_eq!((records[1].trace_id, records[1].span_id), (None, None));
    assert_eq!(records[2].body, r#"{"a":"2","b":"1"}"#);
    assert!(records[3].body.ends_with(CUT_MARKER) && records[3].body.len() < (1 << 20) + 100);
    let message = conversion.message();
    assert!(message.contains("log_records[1]: trace or span id has a wrong length"), "{message}");
    assert!(
        message.ends_with("0 attributes dropped and 1 values cut to keep within the limits"),
        "{message}"
    );
}

#[test]
fn the_attributes_of_a_scope_are_added_to_its_records() {
    let mut request = receiver::logs(vec![log("a")]);
    request.resource_logs[0].scope_logs[0].scope = Some(InstrumentationScope {
        name: "n".into(),
        attributes: vec![text("team", "blue")],
        ..InstrumentationScope::default()
    });
    assert_eq!(request.resource_logs[0].resource, resource());
    let conversion = logs::convert(request, Timestamp(receiver::now() as i64));
    let record = &conversion.batch.logs[0];
    assert_eq!(record.attributes.text("otel.scope.team"), Some("blue"));
    assert_eq!(record.resource.service(), "shop");
    assert_eq!(record.scope.name, "n");
}
