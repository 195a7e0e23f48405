//! Roll-ups of histograms by the minute and hour give the answers of their points.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use crate::fixtures::{
    metrics::{MINUTE, copy, gauge},
    *,
};
use model::*;
use store::{Segment, SegmentSignal, Store};

const METRICS: [&str; 5] = ["classic", "delta", "exponential", "exponential_delta", "summary"];

fn series(metric: &str) -> Series {
    let (kind, temporality) = match metric {
        "classic" => (MetricKind::Histogram, Temporality::Cumulative),
        "delta" => (MetricKind::Histogram, Temporality::Delta),
        "exponential" => (MetricKind::ExponentialHistogram, Temporality::Cumulative),
        "exponential_delta" => (MetricKind::ExponentialHistogram, Temporality::Delta),
        _ => (MetricKind::Summary, Temporality::Unspecified),
    };
    Series { kind, temporality, ..Series::gauge(metric, "s", resource("shop"), Attributes::new()) }
}

/// Returns the buckets of a point, with changes of scale and bounds and with negative values.
fn buckets(metric: &str, n: u64, number: i64) -> Buckets {
    if metric.starts_with("exponential") {
        let scale = if number % 567 > 500 { 2 } else { 3 };
        let count = if scale == 3 { 12 } else { 6 };
        return Buckets::Exponential {
            scale,
            zero_threshold: if number > 1333 { 0.001 } else { 0.0 },
            zero_count: n / 5,
            positive_offset: if scale == 3 { -4 } else { -2 },
            positive: (0..count).map(|bucket| n / (bucket + 1)).collect(),
            negative_offset: 1,
            negative: vec![n / 9, 0, n / 11],
        };
    }
    if metric == "summary" {
        return Buckets::Quantiles(vec![(0.5, n as f64), (0.99, 2.0 * n as f64)]);
    }
    let third = if number % 667 > 633 { 2.5 } else { 2.0 };
    Buckets::Explicit { bounds: vec![0.1, 1.0, third], counts: vec![n, n / 2, n / 3, n / 7] }
}

fn counted(buckets: &Buckets, n: u64) -> u64 {
    match buckets {
        Buckets::Explicit { counts, .. } => counts.iter().sum(),
        Buckets::Exponential { zero_count, positive, negative, .. } => {
            zero_count + positive.iter().chain(negative).sum::<u64>()
        }
        Buckets::Quantiles(_) => n,
    }
}

/// Number of points of each series. They cover three hours, with ten in a minute: a roll-up by the
/// minute requires eight.
const POINTS: i64 = 1800;
/// Seconds between two points.
const INTERVAL: i64 = 6;

/// Returns three hours of points, with resets, new starts and staleness markers.
fn dense() -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for metric in METRICS {
        let id = batch.add_series(series(metric));
        for number in 0..POINTS {
            let since = number % 433;
            let n = if metric.ends_with("delta") { number % 17 } else { since * 3 };
            let marker = number % 370 == 333;
            let buckets =
                if marker { Buckets::Quantiles(Vec::new()) } else { buckets(metric, n as u64, number) };
            batch.histograms.push(HistogramPoint {
                series: id,
                time: at(number * INTERVAL),
                start_time: (number > 1000).then(|| at((number - since) * INTERVAL - 1)),
                count: counted(&buckets, n as u64) * u64::from(!marker),
                sum: Some(if marker { STALE } else { n as f64 / 4.0 }),
                min: (number % 3 == 0).then(|| -n as f64),
                max: (number % 7 == 0).then_some(n as f64),
                buckets,
            });
        }
    }
    batch
}

/// Returns all answers as text.
async fn answers(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    let ranges = [(0, 10_800), (-4000, 20_000), (1803, 9007), (3600 * 2 - 800, 3600 * 3 - 800), (60, 61)];
    for (from, to) in ranges {
        for step in [70 * NANOS_PER_SECOND, MINUTE, 5 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE] {
            for metric in METRICS {
                let range = TimeRange::new(at(from), at(to));
                for series in read_histograms(store, metric, range, step).await {
                    all.push(format!("{step} {metric} {from} {:?}", gained(&series, range, step)));
                }
            }
        }
    }
    all
}

fn assert_same(one: &[String], other: &[String]) {
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

#[tokio::test]
async fn rolled_up_histograms_equal_their_points() {
    let (_folder, store) = open();
    let written = dense();
    store.write(written.clone()).await.unwrap();
    let raw = answers(&store).await;
    assert!(raw.len() > 100);
    store.admin().seal_now().await.unwrap();
    for resolution in [DataResolution::Hours, DataResolution::Minutes] {
        let of =
            |one: &store::Segment| one.signal == SegmentSignal::Histograms && one.resolution == resolution;
        let intervals: u64 =
            store.admin().segments().iter().filter(|one| of(one)).map(|one| one.points).sum();
        // Three hours touch four, three hours of minutes touch 181.
        assert_eq!(
            intervals,
            if resolution == DataResolution::Hours { 4 } else { 181 } * METRICS.len() as u64
        );
    }
    assert_same(&answers(&store).await, &raw);
    store.admin().compact().await.unwrap();
    assert_same(&answers(&store).await, &raw);
    // A late point in a minute that is rolled up counts at once, and after it was sealed and
    // merged.
    let mut late = TelemetryBatch::default();
    for metric in METRICS {
        let id = late.add_series(series(metric));
        let first = written.histograms.iter().find(|point| point.series == id).unwrap();
        late.histograms.push(HistogramPoint { time: at(2001), count: 9, ..first.clone() });
    }
    store.write(late).await.unwrap();
    let with_late = answers(&store).await;
    assert_ne!(with_late, raw);
    store.admin().seal_now().await.unwrap();
    assert_same(&answers(&store).await, &with_late);
    store.admin().compact().await.unwrap();
    assert_same(&answers(&store).await, &with_late);
}

#[tokio::test]
async fn steps_are_read_from_roll_ups_and_from_points_where_one_is_damaged() {
    let (_folder, store) = open();
    store.write(dense()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let range = TimeRange::new(at(0).floor(60 * MINUTE), at(4 * 3600).floor(60 * MINUTE));
    let read = || read_histograms(&store, "classic", range, 60 * MINUTE);
    let whole = read().await;
    let of = |resolution, signal| {
        store
            .admin()
            .segments()
            .into_iter()
            .find(|one| one.resolution == resolution && one.signal == signal)
            .unwrap()
    };
    // Points are not read where hours are enough.
    let points = of(DataResolution::Points, SegmentSignal::Histograms);
    let bytes = fs::read(&points.path).unwrap();
    fs::write(&points.path, vec![0; bytes.len()]).unwrap();
    assert_eq!(read().await, whole);
    fs::write(&points.path, &bytes).unwrap();
    assert!(store.admin().verify(|_, _| ()).await.unwrap().is_empty());
    let hours = of(DataResolution::Hours, SegmentSignal::Histograms);
    fs::write(&hours.path, vec![0; hours.bytes as usize]).unwrap();
    let from_points = read().await;
    assert_eq!(gained(&from_points[0], range, 60 * MINUTE), gained(&whole[0], range, 60 * MINUTE));
    assert_eq!(store.admin().segment_faults().len(), 1);
}

/// Reads a gauge and a histogram in steps of a minute and an hour, as text.
async fn steps(store: &Store) -> String {
    let range = TimeRange::new(at(0).floor(60 * MINUTE), at(4 * 3600).floor(60 * MINUTE));
    let mut text = String::new();
    for step in [MINUTE, 60 * MINUTE] {
        text += &format!("{:?}", read_buckets(store, "temperature", range, step).await);
        text += &gained_text(store, "classic", range, step).await;
    }
    text
}

fn name(segment: &Segment) -> String {
    segment.path.file_name().unwrap().to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_and_missing_roll_ups_are_rebuilt_from_points() {
    let (folder, store) = open();
    let mut batch = dense();
    for n in 0..POINTS {
        batch.add_sample(gauge("shop", 1), at(n * INTERVAL), (n % 89) as f64);
    }
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let before = steps(&store).await;
    let rolled = || {
        store
            .admin()
            .segments()
            .into_iter()
            .filter(|one| one.resolution != DataResolution::Points)
            .collect::<Vec<_>>()
    };
    // Two windows, two signals, minutes and hours.
    assert_eq!(rolled().len(), 8);
    for one in rolled() {
        // More than its parity restores.
        let bytes = fs::read(&one.path).unwrap();
        fs::write(&one.path, vec![0x55; bytes.len()]).unwrap();
        let verdict = store.admin().repair_target(&name(&one)).await.unwrap();
        assert_eq!(
            (verdict.fault.is_some(), verdict.rebuilt, verdict.lost_points),
            (true, 1, Some(0)),
            "{verdict:?}"
        );
        assert!(fs::exists(verdict.moved_to.unwrap()).unwrap());
    }
    assert_eq!(rolled().len(), 8);
    // All are missing, and a crash at every step of the rebuild.
    store.admin().drop_segments(rolled().iter().map(|one| one.id).collect()).await.unwrap();
    let copies: Arc<Mutex<Vec<tempfile::TempDir>>> = Arc::default();
    let (seen, path) = (Arc::clone(&copies), folder.path().to_owned());
    store.admin().watch_maintenance(move |_| {
        let crashed = tempfile::tempdir().unwrap();
        copy(&path, crashed.path());
        seen.lock().unwrap().push(crashed);
    });
    let mut rebuilt = 0;
    for one in store.admin().segments() {
        rebuilt += store.admin().repair_target(&name(&one)).await.unwrap().rebuilt;
    }
    store.admin().watch_maintenance(|_| ());
    assert_eq!((rebuilt, rolled().len()), (8, 8));
    for one in store.admin().segments() {
        let verdict = store.admin().repair_target(&name(&one)).await.unwrap();
        assert_eq!((verdict.fault, verdict.rebuilt), (None, 0), "there is nothing more to repair");
    }
    // The rebuilt roll-ups are read without the points.
    let points = store.admin().segments().into_iter().filter(|one| one.resolution == DataResolution::Points);
    store.admin().drop_segments(points.map(|one| one.id).collect()).await.unwrap();
    assert_eq!(steps(&store).await, before);
    let copies = std::mem::take(&mut *copies.lock().unwrap());
    assert!(copies.len() >= 6);
    for crashed in &copies {
        let store = Store::open(crashed.path(), small()).unwrap();
        assert_eq!(steps(&store).await, before);
        let files = fs::read_dir(crashed.path().join("segments")).unwrap().count();
        assert_eq!(files, store.admin().segments().len());
    }
}
