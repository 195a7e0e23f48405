//! Questions over ranges of which the points went: the answers are those that the points would have given, for steps
//! and windows of whole minutes or hours, and say which these are.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::sync::Arc;

use model::{
    Aggregation, Attributes, Buckets, DataDetail, HistogramPoint, Labels, MetricKind, NANOS_PER_SECOND,
    Resource, Series, SeriesPoints, SeriesRequest, TelemetryBatch, Temporality, TimeRange, Timestamp,
};
use store::{Store, StoreOptions};

const HOUR: i64 = 3600;
const EVERY: i64 = 5;

/// Seconds after the start of a window of partitions.
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
    let measured = batch.add_series(histogram);
    for n in 0..12 * HOUR / EVERY {
        let time = at(n * EVERY + n % 3);
        for number in 0..2 {
            batch.add_sample(gauge(number), time, ((n * 37 + number) % 101) as f64);
        }
        // It starts anew now and then.
        batch.add_sample(counter.clone(), time, (n % 1111 * 3) as f64);
        let counts = vec![(n % 1500) as u64, (n % 1500 / 2) as u64, 0];
        batch.histograms.push(HistogramPoint {
            series: measured,
            time,
            start_time: None,
            count: counts.iter().sum(),
            sum: Some((n % 1500) as f64),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts },
        });
    }
    batch
}

/// A store with everything, and one of which the first four hours are only hours and the next four only minutes.
async fn stores() -> [(tempfile::TempDir, Store); 2] {
    let mut stores = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let open = tokio::task::spawn_blocking(move || Store::open(&path, StoreOptions::default()));
        let store = open.await.unwrap().unwrap();
        store.write(telemetry()).await.unwrap();
        store.seal_now().await.unwrap();
        stores.push((folder, store));
    }
    let gone = &stores[1].1;
    let goes = |form: DataDetail, start: Timestamp| match form {
        DataDetail::Points => start < at(8 * HOUR),
        DataDetail::Minutes => start < at(4 * HOUR),
        DataDetail::Hours => false,
    };
    let files = gone.partitions().into_iter().filter(|file| goes(file.form, file.window.start));
    gone.drop_partitions(files.map(|file| file.id).collect()).await.unwrap();
    stores.try_into().unwrap()
}

/// Every question but percentiles of gauges, which need points.
const QUESTIONS: [(&str, Aggregation); 10] = [
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
];

/// Ranges in seconds, with the unit of what is left in them.
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

fn up(seconds: i64, unit: i64) -> i64 {
    (seconds + unit - 1) / unit * unit
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_windows_and_moments_of_what_is_left_are_those_of_the_points() {
    let [(_folder, whole), (_other, gone)] = stores().await;
    for (metric, aggregation) in QUESTIONS {
        for (start, end, unit) in RANGES {
            let range = TimeRange::new(at(start), at(end));
            for step in [10, 100, 5000] {
                let what = format!("{metric} {aggregation:?} {start} {end} {step}");
                let step = step * NANOS_PER_SECOND;
                let asked = request(metric, aggregation, range, step);
                let left = query::series(&gone, &asked).await.unwrap();
                // A step that reaches back to where less is left is of that.
                assert!(left.step >= up(step, unit * NANOS_PER_SECOND), "{what}");
                assert!(
                    step > 100 * NANOS_PER_SECOND || left.step == up(step, unit * NANOS_PER_SECOND),
                    "{what}"
                );
                // What is left of the last step may be whole minutes or hours.
                let last = match end {
                    _ if end > 8 * HOUR => end,
                    _ if end > 4 * HOUR && left.step % (HOUR * NANOS_PER_SECOND) != 0 => up(end, 60),
                    _ => up(end, HOUR),
                };
                let known = request(metric, aggregation, TimeRange::new(at(start), at(last)), left.step);
                let full = query::series(&whole, &known).await.unwrap();
                assert!(!full.series.is_empty(), "{what}");
                assert!(alike(&left.series, &full.series), "{what}: {left:?} {full:?}");
            }
            for (step, window) in [(60, 300), (300, 7300), (1800, 600)] {
                let what = format!("{metric} {aggregation:?} {start} {end} moving {step} {window}");
                let (step, window) = (step * NANOS_PER_SECOND, window * NANOS_PER_SECOND);
                let left =
                    query::moving(&gone, &request(metric, aggregation, range, step), window).await.unwrap();
                assert!(left.step >= up(step, unit * NANOS_PER_SECOND), "{what}");
                let known = request(metric, aggregation, range, left.step);
                let full = query::moving(&whole, &known, window).await.unwrap();
                assert!(alike(&left.series, &full.series), "{what}: {left:?} {full:?}");
                // Each is what is told of the window that ends there.
                let Some(points) = left.series.first() else { continue };
                let place = points.times.len() / 2;
                let window =
                    TimeRange::new(points.times[place].offset(-up(window, left.step)), points.times[place]);
                let by = ["number".to_owned()];
                let then = query::instant(&gone, metric, &[], aggregation, &by, window).await.unwrap();
                let value = |of: &[(Labels, f64)]| of.iter().find(|(of, _)| *of == points.labels).unwrap().1;
                assert_eq!(then.window, window, "{what}");
                assert!(near(&[value(&then.values)], &[points.values[place]]), "{what}");
            }
        }
        for (start, end, unit) in RANGES.into_iter().chain([(4 * HOUR + 1800, 6 * HOUR + 1800, 60)]) {
            let range = TimeRange::new(at(start), at(end));
            let left = query::instant(&gone, metric, &[], aggregation, &[], range).await.unwrap();
            let full = query::instant(&whole, metric, &[], aggregation, &[], left.window).await.unwrap();
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
async fn where_the_points_are_there_nothing_is_widened() {
    let [_, (_folder, gone)] = stores().await;
    let window = TimeRange::new(at(9 * HOUR + 3), at(9 * HOUR + 64));
    let answer = query::instant(&gone, "queue", &[], Aggregation::Average, &[], window).await.unwrap();
    assert_eq!(answer.window, window);
    let range = TimeRange::new(at(9 * HOUR), at(10 * HOUR));
    let asked = request("queue", Aggregation::P90, range, 7 * NANOS_PER_SECOND);
    assert_eq!(query::moving(&gone, &asked, 7 * NANOS_PER_SECOND).await.unwrap().step, 7 * NANOS_PER_SECOND);
}
