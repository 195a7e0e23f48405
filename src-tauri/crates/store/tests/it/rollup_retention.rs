//! Roll-ups are retained longer than their points.

use std::sync::{Arc, Mutex};

use crate::fixtures::{
    metrics::{MINUTE, copy},
    *,
};
use model::*;
use store::Store;

const DAY: i64 = 24 * 3600;
const AGO: [i64; 3] = [500, 100, 1];

fn sparse() -> Series {
    Series::gauge("sparse", "", resource("shop"), Attributes::new())
}

/// Returns half an hour on each of three days: a gauge, a counter with a reset and a histogram
/// every second, and another gauge every 15 s.
fn telemetry(service: &str) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let histogram = batch.add_series(Series {
        kind: MetricKind::Histogram,
        temporality: Temporality::Cumulative,
        ..Series::gauge("histogram", "s", resource(service), Attributes::new())
    });
    for ago in AGO {
        for n in 0..1800_i64 {
            let time = at(n - ago * DAY);
            batch.add_sample(
                Series::gauge("gauge", "", resource(service), Attributes::new()),
                time,
                (n % 97) as f64,
            );
            let counted = (n % 1000) as f64;
            batch.add_sample(
                Series::counter("counter", "", resource(service), Attributes::new()),
                time,
                counted,
            );
            if n % 15 == 0 {
                batch.add_sample(Series { resource: resource(service), ..sparse() }, time, n as f64);
            }
            let counts = vec![(n % 1000) as u64, (n % 1000 / 2) as u64, 0];
            batch.histograms.push(HistogramPoint {
                series: histogram,
                time,
                start_time: None,
                count: counts.iter().sum(),
                sum: Some((n % 1000) as f64),
                min: None,
                max: None,
                buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts },
            });
        }
    }
    batch
}

fn day(ago: i64) -> TimeRange {
    TimeRange::new(at(-ago * DAY).floor(60 * MINUTE), at(-ago * DAY + 7200).floor(60 * MINUTE))
}

/// Reads all metrics of a day in steps, as text.
async fn read(store: &Store, ago: i64, step: i64) -> String {
    let mut text = String::new();
    for metric in ["gauge", "counter", "sparse"] {
        text += &format!("{:?}\n", read_buckets(store, metric, day(ago), step).await);
        text += &gained_text(store, metric, day(ago), step).await;
    }
    text + &gained_text(store, "histogram", day(ago), step).await
}

async fn points(store: &Store, metric: &str, ago: i64) -> usize {
    let request =
        SamplesRequest { metric: metric.into(), matchers: vec![], range: day(ago), limit: 1_000_000 };
    let read = store.metrics().samples(&request).await.unwrap();
    read.iter().map(|series| series.times.len()).sum()
}

fn limits(bytes: u64) -> [RetentionLimits; 1] {
    let days = |days: i64| days * DAY * NANOS_PER_SECOND;
    [RetentionLimits {
        kind: DataKind::Metrics,
        age: days(60),
        minutes_age: Some(days(400)),
        hours_age: Some(days(1100)),
        bytes,
    }]
}

#[tokio::test(flavor = "multi_thread")]
async fn roll_ups_give_the_same_answers_during_and_after_the_deletion_of_their_points() {
    let (folder, store) = open();
    store.write(telemetry("shop")).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let mut hours = Vec::new();
    for ago in AGO {
        hours.push(read(&store, ago, 60 * MINUTE).await);
    }
    let minutes = read(&store, 100, 5 * MINUTE).await;
    let plan = store.admin().plan_retention(&limits(u64::MAX), NOW).await.unwrap();
    let dropped: Vec<_> =
        plan.preview.dropped.iter().map(|one| (one.tier, one.rows, one.rollup_rows)).collect();
    // Two days of points, and the minutes of one day. Points every 15 s have no roll-up by the
    // minute and are retained as long.
    let expected = [(DataResolution::Points, 2 * 3 * 1800, 0), (DataResolution::Minutes, 120, 3 * 31)];
    assert_eq!(dropped, expected);

    let copies: Arc<Mutex<Vec<tempfile::TempDir>>> = Arc::default();
    let (seen, path) = (Arc::clone(&copies), folder.path().to_owned());
    store.admin().watch_maintenance(move |_| {
        let crashed = tempfile::tempdir().unwrap();
        copy(&path, crashed.path());
        seen.lock().unwrap().push(crashed);
    });
    store.admin().apply_retention(plan).await.unwrap();
    store.admin().watch_maintenance(|_| ());
    let left = |ago| points(&store, "gauge", ago);
    assert_eq!([left(500).await, left(100).await, left(1).await], [0, 0, 1800]);
    let left = |ago| points(&store, "sparse", ago);
    assert_eq!([left(500).await, left(100).await, left(1).await], [0, 120, 120]);
    let resolution = |metric: &'static str, ago| resolution_left(&store, metric, day(ago));
    for metric in ["gauge", "histogram"] {
        assert_eq!(resolution(metric, 500).await, DataResolution::Hours);
        assert_eq!(resolution(metric, 100).await, DataResolution::Minutes);
        assert_eq!(resolution(metric, 1).await, DataResolution::Points);
    }
    assert_eq!(resolution("sparse", 100).await, DataResolution::Points);
    let copies = std::mem::take(&mut *copies.lock().unwrap());
    assert!(copies.len() >= 3, "{}", copies.len());
    for crashed in &copies {
        let crashed = Store::open(crashed.path(), small()).unwrap();
        for (ago, hours) in AGO.iter().zip(&hours) {
            assert_eq!(&read(&crashed, *ago, 60 * MINUTE).await, hours);
        }
        assert_eq!(read(&crashed, 100, 5 * MINUTE).await, minutes);
    }
    for _ in 0..2 {
        for (ago, hours) in AGO.iter().zip(&hours) {
            assert_eq!(&read(&store, *ago, 60 * MINUTE).await, hours);
        }
        assert_eq!(read(&store, 100, 5 * MINUTE).await, minutes);
        store.admin().compact().await.unwrap();
    }
    assert!(store.admin().plan_retention(&limits(u64::MAX), NOW).await.unwrap().preview.dropped.is_empty());
    // Where only hours are left, they count in the step of their first point.
    let fine = read_buckets(&store, "gauge", day(500), MINUTE).await;
    let counts: Vec<u64> = fine[0].buckets.iter().map(|bucket| bucket.count).collect();
    assert_eq!(counts.iter().sum::<u64>(), 1800);
    assert!(counts.len() <= 2, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_service_loses_points_first_and_others_lose_nothing() {
    let (_folder, store) = open();
    for service in ["noisy", "quiet"] {
        let mut batch = telemetry(service);
        if service == "quiet" {
            let oldest = at(-50 * DAY);
            batch.samples.retain(|sample| sample.time > oldest);
            batch.histograms.retain(|point| point.time > oldest);
        }
        store.write(batch).await.unwrap();
    }
    store.admin().seal_now().await.unwrap();
    let before = read(&store, 1, 60 * MINUTE).await;
    let total: u64 = store.admin().segments().iter().map(|one| one.bytes).sum();
    let generous = limits(total * 7 / 8)[0];
    let generous = [RetentionLimits { age: 1100 * DAY * NANOS_PER_SECOND, ..generous }];
    let plan = store.admin().plan_retention(&generous, NOW).await.unwrap();
    assert!(!plan.preview.dropped.is_empty());
    let only = |one: &DroppedData| one.service == "noisy" && one.tier == DataResolution::Points;
    assert!(plan.preview.dropped.iter().all(only), "{:?}", plan.preview.dropped);
    store.admin().apply_retention(plan).await.unwrap();
    assert_eq!(read(&store, 1, 60 * MINUTE).await, before);
    // A file of both services was rewritten without the points of one. Its roll-ups are still
    // read, also after a merge.
    let nothing = [RetentionLimits { bytes: total / 8, ..generous[0] }];
    let plan = store.admin().plan_retention(&nothing, NOW).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
    let hours = |store: &Store| {
        let store = store.clone();
        async move { read_buckets(&store, "counter", day(1), 60 * MINUTE).await }
    };
    let before = hours(&store).await;
    store.write(telemetry("late")).await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    let mut after = hours(&store).await;
    after.retain(|series| series.labels["service.name"] != "late");
    assert_eq!(after, before);
}

#[tokio::test]
async fn points_written_again_after_they_expired_count_once() {
    let (_folder, store) = open();
    store.write(telemetry("shop")).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let before = read(&store, 100, 60 * MINUTE).await;
    let plan = store.admin().plan_retention(&limits(u64::MAX), NOW).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
    store.write(telemetry("shop")).await.unwrap();
    assert_eq!(read(&store, 100, 60 * MINUTE).await, before);
    store.admin().seal_now().await.unwrap();
    assert_eq!(read(&store, 100, 60 * MINUTE).await, before);
    let plan = store.admin().plan_retention(&limits(u64::MAX), NOW).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
    store.admin().compact().await.unwrap();
    assert_eq!(read(&store, 100, 60 * MINUTE).await, before);
}
