//! Tests of the assembly.

use std::collections::BTreeMap;

use model::{Buckets, MetricKind, Temporality};

use super::*;
use crate::{RelabelRule, parse_openmetrics, parse_text};

fn target() -> AssemblyOptions {
    AssemblyOptions {
        resource: Arc::new(Resource::service_named("node")),
        labels: BTreeMap::from([("job".into(), "node".into()), ("instance".into(), "h:1".into())]),
        ..AssemblyOptions::default()
    }
}

fn assembled(text: &str) -> Result<TelemetryBatch, ExpositionError> {
    assemble(&parse_text(text.as_bytes(), 1000)?, &target(), Timestamp(5_000_000_000))
        .map(|done| done.batch)
        .map_err(|failure| failure.error)
}

#[test]
fn counters_gauges_and_untyped_become_numbers() {
    let batch = assembled(
        "# HELP c_seconds_total spent\n# TYPE c_seconds_total counter\nc_seconds_total{job=\"x\"} 3\n# TYPE g gauge\ng 1 7\nu NaN\n",
    )
    .unwrap();
    let [counter, gauge, untyped] = &batch.series[..] else { panic!("{batch:?}") };
    assert_eq!((counter.1.kind, counter.1.monotonic), (MetricKind::Counter, true));
    assert_eq!((counter.1.unit.as_str(), counter.1.description.as_str()), ("s", "spent"));
    assert_eq!(counter.1.attributes.text("job"), Some("node"));
    assert_eq!(counter.1.attributes.text("exported_job"), Some("x"));
    assert_eq!((gauge.1.kind, untyped.1.kind), (MetricKind::Gauge, MetricKind::Gauge));
    assert_eq!(batch.samples[1].time, Timestamp(7_000_000));
    assert!(batch.samples[2].value.is_nan());
}

#[test]
fn a_job_that_is_honoured_is_the_service() {
    let read = parse_text(b"a{job=\"x\"} 1\nb{job=\"x\"} 1\nc 1\nd{job=\"node\"} 1\n", 1000).unwrap();
    let honouring = AssemblyOptions { honor_labels: true, ..target() };
    let services = |target: &AssemblyOptions| -> Vec<String> {
        let batch = assemble(&read, target, Timestamp(5_000_000_000)).unwrap().batch;
        batch.series.iter().map(|(_, series)| series.resource.service().to_owned()).collect()
    };
    assert_eq!(services(&honouring), ["x", "x", "node", "node"]);
    assert_eq!(services(&target()), ["node"; 4]);
    let renamed = AssemblyOptions {
        labels: BTreeMap::from([("job".into(), "other".into())]),
        resource: Arc::new(Resource::service_named("named by the settings")),
        ..target()
    };
    assert_eq!(services(&renamed), ["named by the settings"; 4]);
}

#[test]
fn undeclared_samples_are_counters_by_their_name() {
    let batch =
        assembled("a_total 1\nb 2\n# TYPE c_total gauge\nc_total 3\n# TYPE d_count untyped\nd_count 4\n")
            .unwrap();
    let kinds: Vec<_> = batch.series.iter().map(|(_, series)| series.kind).collect();
    assert_eq!(kinds, [MetricKind::Counter, MetricKind::Gauge, MetricKind::Gauge, MetricKind::Counter]);
}

#[test]
fn histograms_are_assembled_from_samples_in_any_order() {
    let batch = assembled(
        "# TYPE h histogram\nh_count{p=\"/\"} 10\nh_bucket{p=\"/\",le=\"+Inf\"} 10\nh_bucket{le=\"0.5\",p=\"/\"} 7\n\
         h_bucket{p=\"/\",le=\"0.1\"} 4\nh_sum{p=\"/\"} 3.5\nh_bucket{p=\"/b\",le=\"+Inf\"} 0\n",
    )
    .unwrap();
    assert_eq!((batch.histograms.len(), batch.samples.len()), (2, 0));
    let point = &batch.histograms[0];
    assert_eq!((point.count, point.sum), (10, Some(3.5)));
    assert_eq!(point.buckets, Buckets::Explicit { bounds: vec![0.1, 0.5], counts: vec![4, 3, 3] });
    assert_eq!(batch.series[0].1.attributes.text("le"), None);
    assert_eq!(batch.series[0].1.temporality, Temporality::Cumulative);
}

#[test]
fn summaries_have_their_quantiles() {
    let batch = assembled(
        "# TYPE s summary\ns{quantile=\"0.9\"} 2\ns{quantile=\"0.5\"} 1\ns_sum 17\ns_count 9\n# TYPE e summary\ne_sum 0\ne_count 0\n",
    )
    .unwrap();
    let point = &batch.histograms[0];
    assert_eq!((point.count, point.sum), (9, Some(17.0)));
    assert_eq!(point.buckets, Buckets::Quantiles(vec![(0.5, 1.0), (0.9, 2.0)]));
    assert_eq!(batch.histograms.len(), 2);
}

#[test]
fn odd_families_do_no_harm() {
    let incomplete = assembled("# TYPE h histogram\nh_bucket{le=\"1\"} 4\nh_sum 2\n").unwrap();
    assert_eq!(incomplete.histograms[0].count, 4);
    let falling =
        assembled("# TYPE h histogram\nh_bucket{le=\"1\"} 9\nh_bucket{le=\"2\"} 3\nh_count 1\n").unwrap();
    let Buckets::Explicit { counts, .. } = &falling.histograms[0].buckets else { panic!() };
    assert_eq!(counts.iter().sum::<u64>(), falling.histograms[0].count);
    for odd in [
        "h_bucket{le=\"x\"} 1",
        "h_bucket{le=\"NaN\"} 1",
        "h_bucket{le=\"1\"} NaN",
        "h_bucket{le=\"1\"} -1",
        "h_count -Inf",
        "h_sum 7",
    ] {
        let batch =
            assembled(&format!("# TYPE h histogram\n{odd}\n# TYPE g histogram\ng_count 2\n")).unwrap();
        let (_, stored) = &batch.series[0];
        assert_eq!(
            (stored.name.as_str(), stored.kind),
            (odd.split(['{', ' ']).next().unwrap(), MetricKind::Counter)
        );
        assert_eq!(stored.attributes.text("le").is_some(), odd.contains("le="), "{odd}");
        assert_eq!((batch.samples.len(), batch.histograms.len()), (1, 1), "{odd}: only g is a histogram");
    }
    let plain = assembled("x_bucket{le=\"1\"} 1\nx_sum 2\nx_count 1\n# TYPE h histogram\nh 5\n").unwrap();
    assert_eq!((plain.samples.len(), plain.histograms.len()), (4, 0));
}

#[test]
fn a_duplicate_sample_is_dropped() {
    let batch = assembled("a{x=\"1\"} 1\na{x=\"1\"} 2\na{x=\"1\"} 3 9\n").unwrap();
    assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [1.0, 3.0]);
}

#[test]
fn samples_far_ahead_are_dropped_with_a_warning() {
    let exposition = parse_text(b"a 1 86405000\nb 2 86405001\nc 3\n", 10).unwrap();
    let done = assemble(&exposition, &target(), Timestamp(5_000_000_000)).unwrap();
    assert_eq!(
        (done.batch.samples.len(), done.timed.len(), done.relabelled, done.too_far_ahead),
        (2, 1, 3, 1)
    );
    assert_eq!(done.warning(), "samples dropped because their time is more than a day ahead: 1");
}

#[test]
fn openmetrics_has_start_times_exemplars_and_odd_types() {
    let text = "# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds spent\n\
        c_seconds_total{a=\"b\"} 4 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\",user=\"u\"} 1 2\n\
        c_seconds_created{a=\"b\"} 3\n\
        # TYPE h histogram\nh_bucket{le=\"1.0\"} 2 # {} 0.5\nh_bucket{le=\"+Inf\"} 3 # {} 7\nh_count 3\nh_sum 9\nh_created 2\n\
        # TYPE i info\ni_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n\
        # TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 3\ng_gcount 3\ng_gsum 2\n# EOF\n";
    let exposition = parse_openmetrics(text.as_bytes(), 100).unwrap();
    let done = assemble(&exposition, &target(), Timestamp(9_000_000_000)).unwrap();
    assert_eq!((done.scraped, done.relabelled, done.duplicates), (13, 13, 0));
    let names: Vec<&str> = done.batch.series.iter().map(|(_, series)| series.name.as_str()).collect();
    assert_eq!(names, ["c_seconds_total", "i_info", "s", "s", "g_bucket", "g_gcount", "g_gsum", "h"]);
    let (id, counter) = &done.batch.series[0];
    assert_eq!(
        (counter.kind, counter.unit.as_str(), counter.description.as_str()),
        (MetricKind::Counter, "s", "spent")
    );
    assert_eq!(done.batch.samples[0].start_time, Some(Timestamp(3_000_000_000)));
    assert_eq!(done.batch.histograms[0].start_time, Some(Timestamp(2_000_000_000)));
    let exemplar = &done.batch.exemplars[0];
    assert_eq!((exemplar.series, exemplar.value, exemplar.time), (*id, 1.0, Timestamp(2_000_000_000)));
    assert_eq!(exemplar.trace_id.unwrap().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(exemplar.attributes.text("user"), Some("u"));
    assert_eq!(done.batch.exemplars.len(), 3);
    assert!(done.timed.is_empty());
}

fn rule(text: &str) -> RelabelRule {
    RelabelRule::new(&serde_json::from_str(text).unwrap()).unwrap()
}

#[test]
fn rules_see_samples_as_prometheus_sees_them() {
    let rules = [
        rule(
            r#"{"source_labels": ["__name__"], "regex": "old_(.*)", "target_label": "__name__", "replacement": "new_$1"}"#,
        ),
        rule(r#"{"source_labels": ["le"], "regex": "0\\.5", "action": "drop"}"#),
        rule(r#"{"regex": "secret", "action": "labeldrop"}"#),
    ];
    let target = AssemblyOptions { rules: rules.into(), ..target() };
    let text = "# TYPE old_h histogram\n# HELP old_h took\nold_h_bucket{le=\"0.5\",secret=\"x\"} 1\n\
        old_h_bucket{le=\"1\"} 2\nold_h_bucket{le=\"+Inf\"} 3\nold_h_sum 4\nold_h_count 3\na{secret=\"x\"} 1\n";
    let done = assemble(&parse_text(text.as_bytes(), 100).unwrap(), &target, Timestamp(1)).unwrap();
    assert_eq!((done.scraped, done.relabelled), (6, 5));
    let (_, histogram) = &done.batch.series[1];
    assert_eq!((histogram.name.as_str(), histogram.description.as_str()), ("new_h", "took"));
    assert_eq!(done.batch.histograms[0].buckets, Buckets::Explicit { bounds: vec![1.0], counts: vec![2, 1] });
    assert_eq!(done.batch.series[0].1.attributes.text("secret"), None);
}

#[test]
fn a_sample_renamed_by_a_rule_leaves_its_histogram() {
    let text = "# TYPE s_seconds summary\ns_seconds{quantile=\"0.5\"} 1\ns_seconds{quantile=\"0.9\"} 2\n\
        s_seconds_sum 3\ns_seconds_count 4\n";
    let with = |rules: Vec<RelabelRule>| {
        let target = AssemblyOptions { rules: rules.into(), ..target() };
        assemble(&parse_text(text.as_bytes(), 100).unwrap(), &target, Timestamp(1)).unwrap()
    };
    let dropped = with(vec![rule(r#"{"regex":"quantile","action":"labeldrop"}"#)]);
    assert_eq!((dropped.batch.samples.len(), dropped.batch.histograms.len(), dropped.duplicates), (1, 1, 1));
    let renamed = with(vec![rule(
        r#"{"source_labels":["__name__"],"regex":"s_seconds_count","target_label":"__name__","replacement":"calls"}"#,
    )]);
    let (_, calls) = &renamed.batch.series[0];
    assert_eq!((calls.name.as_str(), calls.kind), ("calls", MetricKind::Counter));
}

#[test]
fn labels_of_the_target_lose_only_with_honor_labels() {
    let exposition = parse_text(b"a{job=\"theirs\",exported_job=\"x\",instance=\"\"} 1\n", 10).unwrap();
    let labels = |honor_labels| {
        let target = AssemblyOptions { honor_labels, ..target() };
        let done = assemble(&exposition, &target, Timestamp(1)).unwrap();
        done.batch.series[0].1.attributes.clone()
    };
    let ours = labels(false);
    assert_eq!((ours.text("job"), ours.text("exported_job")), (Some("node"), Some("x")));
    assert_eq!(ours.text("exported_exported_job"), Some("theirs"));
    assert_eq!(ours.text("instance"), Some("h:1"));
    let theirs = labels(true);
    assert_eq!((theirs.text("job"), theirs.text("instance")), (Some("theirs"), Some("h:1")));
}

#[test]
fn limits_make_the_whole_scrape_fail() {
    let exposition = parse_text(b"a{long_name=\"long value\"} 1 5\nb 2\n", 10).unwrap();
    let limited = |limits| assemble(&exposition, &AssemblyOptions { limits, ..target() }, Timestamp(1));
    let none = SeriesLimits::default();
    assert!(
        limited(SeriesLimits { samples: 2, labels: 4, label_name_bytes: 9, label_value_bytes: 10 }).is_ok()
    );
    for (limits, expected) in [
        (SeriesLimits { samples: 1, ..none }, "more than 1 samples"),
        (SeriesLimits { labels: 3, ..none }, "4 labels"),
        (SeriesLimits { label_name_bytes: 8, ..none }, "long_name"),
        (SeriesLimits { label_value_bytes: 9, ..none }, "longer than 9 bytes"),
    ] {
        let error = limited(limits).unwrap_err();
        assert!(error.error.message.contains(expected), "{error}");
        assert_eq!(
            (error.scraped, error.relabelled),
            (2, 2),
            "samples are counted although a limit is passed"
        );
    }
    let done = assemble(&exposition, &target(), Timestamp(1)).unwrap();
    assert_eq!((done.timed.len(), done.batch.samples[0].time), (1, Timestamp(5_000_000)));
    let ignored =
        assemble(&exposition, &AssemblyOptions { ignore_timestamps: true, ..target() }, Timestamp(1))
            .unwrap();
    assert_eq!((ignored.timed.len(), ignored.batch.samples[0].time), (0, Timestamp(1)));
}
