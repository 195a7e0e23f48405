//! Telemetry that is exported and imported again.

use std::sync::Arc;

use model::{
    Attributes, Buckets, Exemplar, HistogramPoint, MetricKind, Resource, STALE, Sample, Scope, Series,
    SpanId, TelemetryBatch, Temporality, TraceId,
};

use super::NOW;

const SECOND: i64 = 1_000_000_000;

/// Series of every kind and temporality, with exemplars.
pub(super) fn every_kind() -> TelemetryBatch {
    let attributes = Attributes::new()
        .with("service.name", "shop")
        .with("host.name", "h \"1\", x")
        .with("k8s.pod", "p")
        .with("shared", "of the resource");
    let tags =
        Attributes::new().with("path", "a,\"b\"\nc").with("cpu", 3).with("ok", true).with("shared", "own");
    let scope = Scope { name: "library".into(), version: "1.2".into() };
    let (resource, scope) = (Arc::new(Resource { attributes }), Arc::new(scope));
    let gauge = |name: &str| Series {
        scope: scope.clone(),
        description: format!("What \"{name}\" is,\nin words."),
        ..Series::gauge(name, "s", resource.clone(), tags.clone())
    };
    let counter = |name: &str| Series {
        kind: MetricKind::Counter,
        temporality: Temporality::Cumulative,
        monotonic: true,
        ..gauge(name)
    };
    let mut batch = TelemetryBatch::default();
    let number = |batch: &mut TelemetryBatch, series: Series, time, start_time, value| {
        let series = batch.add_series(series);
        batch.samples.push(Sample { series, time, start_time, value });
    };
    for step in 0..40_i64 {
        let time = NOW.offset((step - 40) * 60 * SECOND + 123_456_789);
        let first = NOW.offset(-3000 * SECOND);
        let start = Some(if step < 20 { first } else { NOW.offset(-1300 * SECOND) });
        let counted = (step % 20) as f64 / 3.0;
        let value = if step == 15 { STALE } else { 0.1 * step as f64 };
        number(&mut batch, gauge("temperature"), time, None, value);
        number(
            &mut batch,
            gauge("odd"),
            time,
            None,
            [f64::NAN, f64::INFINITY, -0.0, 1e-300][step as usize % 4],
        );
        number(&mut batch, counter("work"), time, start, counted);
        number(&mut batch, counter("steady"), time, Some(first), step as f64);
        let delta = Series { temporality: Temporality::Delta, ..counter("delta") };
        number(&mut batch, delta, time, start, 5.0);
        number(&mut batch, Series { monotonic: false, ..counter("up.and.down") }, time, start, counted);
        let many = step as u64 % 20;
        let mut composite = |kind, name: &str, sum, buckets| {
            let summary = kind == MetricKind::Summary;
            let temporality = if summary { Temporality::Unspecified } else { Temporality::Cumulative };
            let series = batch.add_series(Series { kind, temporality, monotonic: !summary, ..counter(name) });
            let ends = sum == Some(STALE);
            batch.histograms.push(HistogramPoint {
                series,
                time,
                start_time: start,
                count: if ends { 0 } else { many * 6 },
                sum,
                min: (step % 2 == 0).then_some(-0.5),
                max: (step % 2 == 0).then_some(7.0 / 3.0),
                buckets,
            });
            series
        };
        let (mut bounds, mut counts) = (vec![0.1, 1.0 / 3.0], vec![many, many * 2, many * 3]);
        let mut sum = Some(step as f64 / 7.0);
        if step == 30 {
            (bounds, counts, sum) = (Vec::new(), Vec::new(), Some(STALE));
        }
        let duration =
            composite(MetricKind::Histogram, "duration", sum, Buckets::Explicit { bounds, counts });
        composite(
            MetricKind::ExponentialHistogram,
            "size",
            None,
            Buckets::Exponential {
                scale: 3,
                zero_threshold: 1e-9,
                zero_count: many,
                positive_offset: -7,
                positive: vec![many, 0, many * 2],
                negative_offset: 4,
                negative: vec![many * 2],
            },
        );
        let last = if step == 3 { f64::NAN } else { f64::INFINITY };
        composite(MetricKind::Summary, "rpc", Some(2.5), Buckets::Quantiles(vec![(0.5, 0.25), (0.99, last)]));
        let work = counter("work").id();
        for (series, value) in
            [(duration, step as f64 / 3.0), (work, [f64::INFINITY, -0.5][step as usize % 2])]
        {
            let odd = step % 2 == 1;
            batch.exemplars.push(Exemplar {
                series,
                time: time.offset(-7),
                value,
                trace_id: odd.then_some(TraceId([step as u8; 16])),
                span_id: odd.then_some(SpanId([step as u8; 8])),
                attributes: if odd { Attributes::new() } else { Attributes::new().with("who", "x,\"y\"") },
            });
        }
    }
    batch
}

/// Gauges, counters and histograms with tags that need quoting.
pub(super) fn quoted_labels() -> TelemetryBatch {
    let attributes = Attributes::new().with("service.name", "shop").with("host.name", "h \"1\", x");
    let resource = Arc::new(Resource { attributes });
    let mut batch = TelemetryBatch::default();
    for step in 0..50_i64 {
        let time = NOW.offset(-step * 60_000_000_000 - 123_456_789);
        for cpu in 0..3_i64 {
            let tags = Attributes::new().with("cpu", cpu).with("path", "a,\"b\"\nc").with("ok", true);
            batch.add_sample(
                Series::gauge("load", "1", resource.clone(), tags.clone()),
                time,
                0.1 * cpu as f64,
            );
            batch.add_sample(
                Series::counter("work", "s", resource.clone(), tags),
                time,
                (50 - step) as f64 / 3.0,
            );
        }
        batch.add_sample(Series::gauge("odd", "", resource.clone(), Attributes::new()), time, f64::NAN);
        let histogram = Series {
            kind: MetricKind::Histogram,
            ..Series::counter("duration", "s", resource.clone(), Attributes::new())
        };
        let series = batch.add_series(histogram);
        batch.histograms.push(HistogramPoint {
            series,
            time,
            start_time: None,
            count: 6,
            sum: Some(1.25),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts: vec![1, 2, 3] },
        });
    }
    batch
}
