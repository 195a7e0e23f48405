//! Queries over ranges whose raw points have expired.
//!
//! The answers equal those of the raw points, for steps and windows of whole minutes or hours.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{
    Aggregation, Attributes, Buckets, DataResolution, HistogramPoint, Labels, MetricKind, NANOS_PER_SECOND,
    Resource, Series, SeriesPoints, SeriesRequest, TelemetryBatch, Temporality, TimeRange, Timestamp,
};
use store::{Snapshot, Store, StoreOptions};

/// Opens a view of everything that is stored.
async fn view(store: &Store) -> Snapshot {
    store.snapshot(TimeRange::new(Timestamp(0), Timestamp(i64::MAX))).await.unwrap()
}

const HOUR: i64 = 3600;
const INTERVAL: i64 = 5;

/// Returns the time this many seconds after the start of a window of segments.
fn at(seconds: i64) -> Timestamp {
    Timestamp(1_700_000_000 * NANOS_PER_SECOND)
        .floor(4 * HOUR * NANOS_PER_SECOND)
        .offset(seconds * NANOS_PER_SECOND)
}

fn telemetry() -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let resource = Arc::new(Resource::service_named("cart"));
    let gauge = |number: i64| {
        Series::gauge("queue", "1", Arc::clone(&resource), Attributes::new().with("number", number))
    };
    let counter = Series::counter("requests", "1", Arc::clone(&resource), Attributes::new());
    let histogram = Series {
        kind: MetricKind::Histogram,
        temporality: Temporality::Cumulative,
        ..Series::gauge("duration", "s", Arc::clone(&resource), Attributes::new())
    };
    let measured = batch.add_series(histogram.clone());
    let paced = batch.add_series(Series { name: "paced".into(), ..histogram });
    let mut measure = |series, time, n: i64| {
        let counts = vec![n as u64, (n / 2) as u64, 0];
        batch.histograms.push(HistogramPoint {
            series,
            time,
            start_time: None,
            count: counts.iter().sum(),
            sum: Some(n as f64),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts },
        });
    };
    // All counters reset periodically.
    (0..12 * HOUR / INTERVAL).for_each(|n| measure(measured, at(n * INTERVAL + n % 3), n % 1500));
    (0..12 * HOUR / 7).for_each(|n| measure(paced, at(n * 7), n % 153));
    for n in 0..12 * HOUR / INTERVAL {
        let time = at(n * INTERVAL + n % 3);
        for number in 0..2 {
            batch.add_sample(gauge(number), time, ((n * 37 + number) % 101) as f64);
        }
        batch.add_sample(counter.clone(), time, (n % 1111 * 3) as f64);
    }
    batch
}

/// Opens a store with all points, and one with expired points.
///
/// The second has only hours for the first four hours, and only minutes for the next four.
async fn stores() -> [(tempfile::TempDir, Store); 2] {
    let mut stores = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let open = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()));
        let store = open.await.unwrap().unwrap();
        store.write(telemetry()).await.unwrap();
        store.admin().seal_now().await.unwrap();
        stores.push((folder, store));
    }
    let expired = &stores[1].1;
    let is_expired = |form: DataResolution, start: Timestamp| match form {
        DataResolution::Points => start < at(8 * HOUR),
        DataResolution::Minutes => start < at(4 * HOUR),
        DataResolution::Hours => false,
    };
    let files =
        expired.admin().segments().into_iter().filter(|file| is_expired(file.resolution, file.window.start));
    expired.admin().drop_segments(files.map(|file| file.id).collect()).await.unwrap();
    stores.try_into().unwrap()
}

/// Queries that roll-ups can answer. Percentiles of gauges need raw points.
const QUERIES: [(&str, Aggregation); 12] = [
    ("queue", Aggregation::Average),
    ("queue", Aggregation::Minimum),
    ("queue", Aggregation::Maximum),
    ("queue", Aggregation::Last),
    ("queue", Aggregation::Count),
    ("queue", Aggregation::Increase),
    ("requests", Aggregation::Rate),
    ("requests", Aggregation::Increase),
    ("duration", Aggregation::P95),
    ("duration", Aggregation::Rate),
    ("paced", Aggregation::P95),
    ("paced", Aggregation::Average),
];

/// Ranges in seconds, and the resolution that is left in them.
const RANGES: [(i64, i64, i64); 8] = [
    (0, 12 * HOUR, HOUR),
    (1234, 3 * HOUR + 77, HOUR),
    (2 * HOUR + 5, 10 * HOUR, HOUR),
    (4 * HOUR + 333, 6 * HOUR + 1, 60),
    (5 * HOUR, 12 * HOUR + 40, 60),
    (7 * HOUR + 50, 9 * HOUR + 7, 60),
    (9 * HOUR, 9 * HOUR + 1001, 1),
    (10 * HOUR, 13 * HOUR, 1),
];

fn request(metric: &str, aggregation: Aggregation, range: TimeRange, step: i64) -> SeriesRequest {
    SeriesRequest {
        metric: metric.into(),
        matchers: vec![],
        aggregation,
        group_by: vec!["number".into()],
        range,
        step: Some(step),
        max_points: 1000,
        limit: 10,
    }
}

fn near(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| (left - right).abs() <= 1e-9 * left.abs().max(1.0))
}

fn alike(left: &[SeriesPoints], right: &[SeriesPoints]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| {
            left.labels == right.labels && left.times == right.times && near(&left.values, &right.values)
        })
}

/// Returns the values that differ.
fn differences(left: &[SeriesPoints], right: &[SeriesPoints]) -> Vec<String> {
    let values = |series: &[SeriesPoints]| {
        let points = series.iter().flat_map(|one| {
            let times = one.times.iter().zip(&one.values);
            times.map(|(time, value)| ((one.labels.clone(), *time), *value)).collect::<Vec<_>>()
        });
        points.collect::<BTreeMap<_, _>>()
    };
    let (left, right) = (values(left), values(right));
    let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let differs = keys.into_iter().filter(|key| match (left.get(key), right.get(key)) {
        (Some(left), Some(right)) => !near(&[*left], &[*right]),
        _ => true,
    });
    differs.map(|key| format!("{:?}: {:?} {:?}", key.1, left.get(key), right.get(key))).collect()
}

fn up(seconds: i64, unit: i64) -> i64 {
    (seconds + unit - 1) / unit * unit
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_windows_and_instants_of_roll_ups_equal_those_of_points() {
    let [(_folder, complete), (_other, expired)] = stores().await;
    for (metric, aggregation) in QUERIES {
        for (start, end, unit) in RANGES {
            let range = TimeRange::new(at(start), at(end));
            for step in [10, 100, 5000] {
                let case = format!("{metric} {aggregation:?} {start} {end} {step}");
                let step = step * NANOS_PER_SECOND;
                let query = request(metric, aggregation, range, step);
                let left = query::series(&view(&expired).await, &query).await.unwrap();
                // A step that reaches back to a coarser resolution has that resolution.
                assert!(left.step >= up(step, unit * NANOS_PER_SECOND), "{case}");
                assert!(
                    step > 100 * NANOS_PER_SECOND || left.step == up(step, unit * NANOS_PER_SECOND),
                    "{case}"
                );
                // The last step may end with a whole minute or hour.
                let last = match end {
                    _ if end > 8 * HOUR => end,
                    _ if end > 4 * HOUR && left.step % (HOUR * NANOS_PER_SECOND) != 0 => up(end, 60),
                    _ => up(end, HOUR),
                };
                let known = request(metric, aggregation, TimeRange::new(at(start), at(last)), left.step);
                let full = query::series(&view(&complete).await, &known).await.unwrap();
                assert!(!full.series.is_empty(), "{case}");
                let differences = differences(&left.series, &full.series);
                assert!(alike(&left.series, &full.series), "{case}: {differences:?}");
            }
            for (step, window) in [(60, 300), (300, 7300), (1800, 600)] {
                let case = format!("{metric} {aggregation:?} {start} {end} moving {step} {window}");
                let (step, window) = (step * NANOS_PER_SECOND, window * NANOS_PER_SECOND);
                let left =
                    query::moving(&view(&expired).await, &request(metric, aggregation, range, step), window)
                        .await
                        .unwrap()
                        .response;
                assert!(left.step >= up(step, unit * NANOS_PER_SECOND), "{case}");
                let known = request(metric, aggregation, range, left.step);
                let full = query::moving(&view(&complete).await, &known, window).await.unwrap().response;
                let differences = differences(&left.series, &full.series);
                assert!(alike(&left.series, &full.series), "{case}: {differences:?}");
                // Each value equals the instant one of the window that ends there.
                let Some(points) = left.series.first() else { continue };
                let middle = points.times.len() / 2;
                let window =
                    TimeRange::new(points.times[middle].offset(-up(window, left.step)), points.times[middle]);
                let by = ["number".to_owned()];
                let then = query::instant(&view(&expired).await, metric, &[], aggregation, &by, window)
                    .await
                    .unwrap();
                let value = |of: &[(Labels, f64)]| of.iter().find(|(of, _)| *of == points.labels).unwrap().1;
                assert_eq!(then.window, window, "{case}");
                assert!(near(&[value(&then.values)], &[points.values[middle]]), "{case}");
            }
        }
        for (start, end, unit) in RANGES.into_iter().chain([(4 * HOUR + 1800, 6 * HOUR + 1800, 60)]) {
            let range = TimeRange::new(at(start), at(end));
            let left =
                query::instant(&view(&expired).await, metric, &[], aggregation, &[], range).await.unwrap();
            let full = query::instant(&view(&complete).await, metric, &[], aggregation, &[], left.window)
                .await
                .unwrap();
            assert!(left.window.start <= range.start && left.window.end >= range.end);
            assert!(left.window.length() - range.length() < 2 * unit * NANOS_PER_SECOND);
            let values =
                |answer: &query::InstantAnswer| answer.values.iter().map(|of| of.1).collect::<Vec<_>>();
            assert!(
                !full.values.is_empty() && near(&values(&left), &values(&full)),
                "{metric} {start} {end}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_with_points_are_not_widened() {
    let [_, (_folder, expired)] = stores().await;
    let window = TimeRange::new(at(9 * HOUR + 3), at(9 * HOUR + 64));
    let answer =
        query::instant(&view(&expired).await, "queue", &[], Aggregation::Average, &[], window).await.unwrap();
    assert_eq!(answer.window, window);
    let range = TimeRange::new(at(9 * HOUR), at(10 * HOUR));
    let query = request("queue", Aggregation::P90, range, 7 * NANOS_PER_SECOND);
    assert_eq!(
        query::moving(&view(&expired).await, &query, 7 * NANOS_PER_SECOND).await.unwrap().response.step,
        7 * NANOS_PER_SECOND
    );
}
