//! Tests of the protobuf format.

use model::Buckets;

use super::{
    message::{Bucket, BucketSpan, Counter, Number},
    *,
};

fn pair(name: &str, value: &str) -> LabelPair {
    LabelPair { name: Some(name.into()), value: Some(value.into()) }
}

fn family(name: &str, kind: MetricType, metric: Metric) -> MetricFamily {
    MetricFamily {
        name: Some(name.into()),
        help: Some("help".into()),
        kind: Some(kind as i32),
        metric: vec![metric],
        unit: None,
    }
}

fn body(families: &[MetricFamily]) -> Vec<u8> {
    families.iter().flat_map(|family| family.encode_length_delimited_to_vec()).collect()
}

fn native_histogram() -> Histogram {
    Histogram {
        sample_count: Some(6),
        sample_sum: Some(9.5),
        schema: Some(3),
        zero_threshold: Some(1e-128),
        zero_count: Some(1),
        positive_span: vec![BucketSpan { offset: Some(1), length: Some(2) }],
        positive_delta: vec![2, 1],
        created: Some(Time { seconds: 7, nanos: 5 }),
        bucket: vec![Bucket {
            cumulative_count: Some(6),
            upper_bound: Some(8.0),
            exemplar: Some(Exemplar {
                label: vec![pair("trace_id", "ab")],
                value: Some(3.0),
                timestamp: None,
            }),
            cumulative_count_float: None,
        }],
        ..Histogram::default()
    }
}

#[test]
fn every_type_expands_to_the_samples_of_the_text_format() {
    let families = [
        family(
            "c_total",
            MetricType::Counter,
            Metric {
                label: vec![pair("a", "b")],
                counter: Some(Counter {
                    value: Some(4.0),
                    created: Some(Time { seconds: 3, nanos: 0 }),
                    exemplar: Some(Exemplar { value: Some(1.0), ..Exemplar::default() }),
                }),
                timestamp_ms: Some(1500),
                ..Metric::default()
            },
        ),
        family(
            "g",
            MetricType::Gauge,
            Metric { gauge: Some(Number { value: Some(f64::NAN) }), ..Metric::default() },
        ),
        family(
            "h",
            MetricType::Histogram,
            Metric { histogram: Some(native_histogram()), ..Metric::default() },
        ),
    ];
    let exposition = parse_protobuf(&body(&families), 100, true).unwrap();
    let [counter, gauge, native, bucket, infinite, sum, count] = &exposition.samples[..] else {
        panic!("{exposition:#?}")
    };
    assert_eq!(
        (counter.time, counter.start_time),
        (Some(Timestamp(1_500_000_000)), Some(Timestamp(3_000_000_000)))
    );
    assert_eq!((counter.exemplars.len(), gauge.value.is_nan()), (1, true));
    let histogram = native.native.as_ref().unwrap();
    assert_eq!((native.value, histogram.sum, native.exemplars.len()), (6.0, 9.5, 1));
    let Buckets::Exponential { scale, zero_count, positive_offset, positive, .. } = &histogram.buckets else {
        panic!()
    };
    assert_eq!((*scale, *zero_count, *positive_offset, positive.as_slice()), (3, 1, 0, &[2, 3][..]));
    assert_eq!(native.start_time, Some(Timestamp(7_000_000_005)));
    assert_eq!(bucket.labels, [("le".to_owned(), "8.0".to_owned())]);
    assert_eq!((infinite.labels[0].1.as_str(), infinite.value), ("+Inf", 6.0));
    assert_eq!((sum.name.as_str(), count.name.as_str()), ("h_sum", "h_count"));
    assert_eq!(parse_protobuf(&body(&families[2..]), 100, false).unwrap().samples.len(), 1);
    assert_eq!(exposition.kinds["c_total"], FamilyKind::Counter);
}

#[test]
fn malformed_bodies_are_errors() {
    let good = body(&[family(
        "g",
        MetricType::Gauge,
        Metric { gauge: Some(Number::default()), ..Metric::default() },
    )]);
    let message_of = |bytes: &[u8]| parse_protobuf(bytes, 3, false).unwrap_err().message;
    for cut in 1..good.len() {
        assert!(message_of(&good[..cut]).contains("not a delimited"), "{cut}");
    }
    assert!(message_of(b"# TYPE a gauge\na 1\n").contains("not a delimited"));
    let without_value = family("g", MetricType::Counter, Metric::default());
    assert!(message_of(&body(&[without_value])).contains("without the value"));
    let mut nameless = family("", MetricType::Gauge, Metric::default());
    assert!(message_of(&body(&[nameless.clone()])).contains("without a name"));
    nameless.name = Some("g".into());
    nameless.kind = Some(17);
    assert!(message_of(&body(&[nameless])).contains("unknown type"));
    assert!(message_of(&good.repeat(4)).contains("more than 3 samples"));
    let twice = Metric { label: vec![pair("a", "1"), pair("a", "2")], ..Metric::default() };
    assert!(message_of(&body(&[family("g", MetricType::Gauge, twice)])).contains("occurs twice"));
}

#[test]
fn any_bytes_give_an_answer() {
    let good = body(&[family(
        "h",
        MetricType::Histogram,
        Metric { histogram: Some(native_histogram()), ..Metric::default() },
    )]);
    let mut state = 7_u32;
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let place = (state >> 8) as usize % bytes.len();
            bytes[place] = (state >> 24) as u8;
        }
        let _ = parse_protobuf(&bytes, 100, true);
    }
}

#[test]
fn bounds_are_formatted_like_in_prometheus() {
    for (number, written) in [
        (1.0, "1.0"),
        (0.005, "0.005"),
        (1e6, "1e+06"),
        (2.5e6, "2.5e+06"),
        (100_000.0, "100000.0"),
        (1e-5, "1e-05"),
        (0.0001, "0.0001"),
        (-3.0, "-3.0"),
        (f64::INFINITY, "+Inf"),
    ] {
        assert_eq!(format_bound(number), written);
    }
}
