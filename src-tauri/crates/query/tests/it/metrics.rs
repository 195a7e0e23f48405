//! Metric queries over a real store.

use std::sync::Arc;

use model::{
    Aggregation, Attributes, Buckets, DataResolution, HistogramPoint, MetricKind, NANOS_PER_SECOND, Resource,
    STALE, Series, SeriesRequest, TelemetryBatch, Temporality, TimeRange, Timestamp,
};
use store::{Snapshot, Store, StoreOptions};

/// Opens a view of everything that is stored.
async fn view(store: &Store) -> Snapshot {
    store.snapshot(TimeRange::new(Timestamp(0), Timestamp(i64::MAX))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_is_rounded_up_where_points_have_expired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let store = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()));
    let store = store.await.unwrap().unwrap();
    let mut batch = TelemetryBatch::default();
    for second in 0..1200_i64 {
        batch.add_sample(series_of("cart", MetricKind::Gauge), at(second), second as f64);
    }
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let range = TimeRange::new(at(0), at(1200));
    let request = SeriesRequest {
        metric: "queue".into(),
        matchers: vec![],
        aggregation: Aggregation::Average,
        group_by: vec![],
        range,
        step: Some(10 * NANOS_PER_SECOND),
        max_points: 1000,
        limit: 10,
    };
    let minute = 60 * NANOS_PER_SECOND;
    let coarse = SeriesRequest { step: Some(minute), ..request.clone() };
    let fine = query::series(&view(&store).await, &request).await.unwrap();
    assert_eq!((fine.step, fine.series[0].values.len()), (10 * NANOS_PER_SECOND, 120));
    let by_minute = query::series(&view(&store).await, &coarse).await.unwrap();
    for (expired, step) in [(DataResolution::Points, minute), (DataResolution::Minutes, 60 * minute)] {
        let files = store.admin().segments().into_iter().filter(|file| file.resolution == expired);
        store.admin().drop_segments(files.map(|file| file.id).collect()).await.unwrap();
        let left = query::series(&view(&store).await, &request).await.unwrap();
        assert_eq!(left.step, step);
        if expired == DataResolution::Points {
            assert_eq!(left, by_minute);
        } else {
            assert_eq!(left.series[0].values.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_takes_one_snapshot() {
    let (_folder, store) = filled().await;
    let request = SeriesRequest {
        metric: "queue".into(),
        matchers: vec![],
        aggregation: Aggregation::Average,
        group_by: vec![],
        range: TimeRange::new(at(0), at(600)),
        step: None,
        max_points: 100,
        limit: 10,
    };
    let before = store.admin().snapshots_taken();
    assert_eq!(query::series(&view(&store).await, &request).await.unwrap().series.len(), 1);
    assert_eq!(store.admin().snapshots_taken(), before + 1);
}

/// A whole minute.
const START: i64 = 1_700_000_040;

fn at(seconds: i64) -> Timestamp {
    Timestamp((START + seconds) * NANOS_PER_SECOND)
}

fn series_of(service: &str, kind: MetricKind) -> Series {
    let resource = Arc::new(Resource::service_named(service));
    match kind {
        MetricKind::Gauge => Series::gauge("queue", "{job}", resource, Attributes::new()),
        MetricKind::Counter => Series::counter("requests", "1", resource, Attributes::new()),
        _ => Series {
            name: "duration".into(),
            kind,
            temporality: Temporality::Delta,
            ..Series::gauge("", "s", resource, Attributes::new())
        },
    }
}

/// Stores ten minutes of a gauge, a counter and a histogram per service, every 10 s.
///
/// The histograms have different bounds.
async fn filled() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let store = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()))
        .await
        .unwrap()
        .unwrap();
    let mut batch = TelemetryBatch::default();
    for (service, factor) in [("cart", 1.0), ("pay", 3.0)] {
        for second in (0..600).step_by(10) {
            let step = f64::from(second / 10);
            batch.add_sample(series_of(service, MetricKind::Gauge), at(second.into()), factor * (step % 6.0));
            batch.add_sample(
                series_of(service, MetricKind::Counter),
                at(second.into()),
                factor * 20.0 * step,
            );
            let series = batch.add_series(series_of(service, MetricKind::Histogram));
            let bounds = if service == "cart" { vec![1.0, 2.0] } else { vec![0.5, 1.0, 4.0] };
            let mut counts = vec![0; bounds.len() + 1];
            counts[1] = 10;
            batch.histograms.push(HistogramPoint {
                series,
                time: at(second.into()),
                start_time: Some(at(i64::from(second) - 10)),
                count: 10,
                sum: Some(15.0),
                min: None,
                max: None,
                buckets: Buckets::Explicit { bounds, counts },
            });
        }
    }
    store.write(batch).await.unwrap();
    (folder, store)
}

fn request(metric: &str, aggregation: Aggregation, group_by: &[&str]) -> SeriesRequest {
    SeriesRequest {
        metric: metric.into(),
        matchers: vec![],
        aggregation,
        group_by: group_by.iter().map(|key| (*key).to_owned()).collect(),
        range: TimeRange::new(at(0), at(600)),
        step: Some(60 * NANOS_PER_SECOND),
        max_points: 100,
        limit: 10,
    }
}

#[tokio::test]
async fn counters_give_rates_and_groups_come_largest_first() {
    let (_folder, store) = filled().await;
    let answer = query::series(&view(&store).await, &request("requests", Aggregation::Rate, &["service"]))
        .await
        .unwrap();
    assert_eq!(answer.unit, "/s");
    assert_eq!(answer.total_series, 2);
    assert_eq!(answer.series[0].labels["service"], "pay");
    let middle = |index: usize| answer.series[index].values[5];
    assert!((middle(0) - 6.0).abs() < 1e-9 && (middle(1) - 2.0).abs() < 1e-9, "{answer:?}");
    let limited = SeriesRequest { limit: 1, ..request("requests", Aggregation::Rate, &["service"]) };
    let limited = query::series(&view(&store).await, &limited).await.unwrap();
    assert_eq!((limited.series.len(), limited.total_series), (1, 2));
}

#[tokio::test]
async fn gauges_are_reduced_over_time_and_across_series() {
    let (_folder, store) = filled().await;
    let first = async |aggregation| {
        query::series(&view(&store).await, &request("queue", aggregation, &[])).await.unwrap().series[0]
            .values[1]
    };
    assert_eq!(first(Aggregation::Average).await, 5.0);
    assert_eq!(first(Aggregation::Sum).await, 10.0);
    assert_eq!(first(Aggregation::Maximum).await, 15.0);
    assert_eq!(first(Aggregation::Minimum).await, 0.0);
    assert_eq!(first(Aggregation::Last).await, 20.0);
    assert_eq!(first(Aggregation::Count).await, 12.0);
    // Of 0 1 2 3 4 5 and 0 3 6 9 12 15 together.
    assert_eq!(first(Aggregation::P50).await, 3.5);
}

#[tokio::test]
async fn a_gauge_of_prometheus_counts_as_a_counter_without_a_type() {
    let (_folder, store) = filled().await;
    let mut batch = TelemetryBatch::default();
    for second in (0..600).step_by(10) {
        let series = Series { name: "undeclared".into(), ..series_of("cart", MetricKind::Gauge) };
        batch.add_sample(series, at(second), 7.0 * second as f64);
    }
    store.write(batch).await.unwrap();
    for sealed in [false, true] {
        if sealed {
            store.admin().seal_now().await.unwrap();
        }
        let answer =
            query::series(&view(&store).await, &request("undeclared", Aggregation::Rate, &[])).await.unwrap();
        assert!(answer.series[0].values[1..].iter().all(|rate| (rate - 7.0).abs() < 1e-9), "{answer:?}");
        let window = TimeRange::new(at(300), at(420));
        let instant =
            query::instant(&view(&store).await, "undeclared", &[], Aggregation::Increase, &[], window)
                .await
                .unwrap();
        assert!((instant.values[0].1 - 840.0).abs() < 1e-9, "{instant:?}");
    }
}

#[tokio::test]
async fn histograms_with_different_bounds_merge() {
    let (_folder, store) = filled().await;
    let value = async |aggregation, group_by: &[&str]| {
        query::series(&view(&store).await, &request("duration", aggregation, group_by)).await.unwrap().series
            [0]
        .values[5]
    };
    // Ten in (1, 2] and ten in (0.5, 1].
    assert!((value(Aggregation::P50, &[]).await - 1.0).abs() < 1e-9);
    assert!((value(Aggregation::P90, &[]).await - 1.8).abs() < 1e-9);
    assert!((value(Aggregation::P50, &["service"]).await - 1.5).abs() < 1e-9);
    assert!((value(Aggregation::Rate, &[]).await - 2.0).abs() < 1e-9);
    assert!((value(Aggregation::Average, &[]).await - 1.5).abs() < 1e-9);
}

#[tokio::test]
async fn components_of_a_histogram_have_their_names_in_prometheus() {
    let (_folder, store) = filled().await;
    let query = async |metric: &str, aggregation| {
        query::series(&view(&store).await, &request(metric, aggregation, &[])).await
    };
    for (part, aggregation, expected, unit) in [
        ("duration_count", Aggregation::Rate, 2.0, "/s"),
        ("duration_count", Aggregation::Increase, 120.0, ""),
        ("duration_sum", Aggregation::Rate, 3.0, "s/s"),
        ("duration_sum", Aggregation::Increase, 180.0, "s"),
        ("duration_bucket", Aggregation::P90, 1.8, "s"),
    ] {
        let answer = query(part, aggregation).await.unwrap();
        assert!((answer.series[0].values[5] - expected).abs() < 1e-9, "{part} {answer:?}");
        assert_eq!(answer.unit, unit, "{part}");
        let window = TimeRange::new(at(300), at(360));
        let instant = query::instant(&view(&store).await, part, &[], aggregation, &[], window).await.unwrap();
        assert!((instant.values[0].1 - expected).abs() < 1e-9, "{part} {instant:?}");
        assert_eq!(instant.unit, unit);
        let moving =
            query::moving(&view(&store).await, &request(part, aggregation, &[]), 60 * NANOS_PER_SECOND)
                .await
                .unwrap();
        assert!((moving.response.series[0].values[5] - expected).abs() < 1e-9, "{part} {moving:?}");
    }
    for (part, aggregation) in [
        ("duration_count", Aggregation::Average),
        ("duration_sum", Aggregation::P50),
        ("duration_bucket", Aggregation::Rate),
    ] {
        let message = query(part, aggregation).await.unwrap_err().to_string();
        assert!(message.contains("a component of the histogram duration: query"), "{message}");
    }
    for nothing in ["queue_count", "_count", "duration_total"] {
        assert!(query(nothing, Aggregation::Rate).await.unwrap().series.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn moving_windows_agree_with_instant_values() {
    let (_folder, store) = filled().await;
    let window = 120 * NANOS_PER_SECOND;
    for (metric, aggregation) in [
        ("queue", Aggregation::Average),
        ("queue", Aggregation::P90),
        ("queue", Aggregation::Last),
        ("requests", Aggregation::Rate),
        ("requests", Aggregation::Increase),
        ("duration", Aggregation::P95),
    ] {
        let range = TimeRange::new(at(200), at(600));
        let request = SeriesRequest {
            step: Some(20 * NANOS_PER_SECOND),
            range,
            ..request(metric, aggregation, &["service"])
        };
        let moving = query::moving(&view(&store).await, &request, window).await.unwrap();
        assert_eq!(moving.response.series.len(), 2, "{metric}");
        for points in moving.response.series {
            assert!(points.times.len() >= 19);
            for (time, value) in points.times.iter().zip(points.values) {
                let window = TimeRange::new(time.offset(-window), *time);
                let instant =
                    query::instant(&view(&store).await, metric, &[], aggregation, &request.group_by, window)
                        .await
                        .unwrap();
                let live = instant.values.iter().find(|(labels, _)| *labels == points.labels).unwrap().1;
                assert!((live - value).abs() < 1e-9, "{metric} {aggregation:?} at {time:?}: {live} {value}");
            }
        }
    }
}

#[tokio::test]
async fn invalid_queries_are_rejected_and_unknown_metrics_are_empty() {
    let (_folder, store) = filled().await;
    let backwards = TimeRange::new(at(10), at(0));
    let invalid = [
        SeriesRequest { range: backwards, ..request("queue", Aggregation::Sum, &[]) },
        SeriesRequest { step: Some(0), ..request("queue", Aggregation::Sum, &[]) },
        SeriesRequest { step: Some(1), ..request("queue", Aggregation::Sum, &[]) },
    ];
    for request in invalid {
        assert!(query::series(&view(&store).await, &request).await.is_err());
    }
    let unknown =
        query::series(&view(&store).await, &request("unknown.metric", Aggregation::Sum, &[])).await.unwrap();
    assert!(unknown.series.is_empty() && unknown.unit.is_empty());
}

#[tokio::test]
async fn a_series_that_ended_has_no_last_value() {
    let (_folder, store) = filled().await;
    let mut batch = TelemetryBatch::default();
    for kind in [MetricKind::Gauge, MetricKind::Counter] {
        batch.add_sample(series_of("pay", kind), at(595), STALE);
    }
    store.write(batch).await.unwrap();
    let by_service = ["service".to_owned()];
    let services = async |metric, aggregation, until| {
        let window = TimeRange::new(at(until - 120), at(until));
        let groups =
            query::instant(&view(&store).await, metric, &[], aggregation, &by_service, window).await.unwrap();
        groups.values.into_iter().map(|(labels, _)| labels["service"].clone()).collect::<Vec<_>>()
    };
    for metric in ["queue", "requests"] {
        assert_eq!(services(metric, Aggregation::Last, 590).await, ["cart", "pay"]);
        assert_eq!(services(metric, Aggregation::Last, 600).await, ["cart"], "{metric}");
        // Its values before the end still count.
        assert_eq!(services(metric, Aggregation::Maximum, 600).await, ["cart", "pay"]);
    }
    assert_eq!(services("requests", Aggregation::Increase, 600).await, ["cart", "pay"]);
    // A chart shows it up to its end, and it can resume.
    let charted =
        query::series(&view(&store).await, &request("queue", Aggregation::Last, &["service"])).await.unwrap();
    assert!(charted.series.iter().all(|points| points.values.len() == 10));
    let mut resumed = TelemetryBatch::default();
    resumed.add_sample(series_of("pay", MetricKind::Gauge), at(598), 5.0);
    store.write(resumed).await.unwrap();
    assert_eq!(services("queue", Aggregation::Last, 600).await, ["cart", "pay"]);
}
