//! Sealed points give the same answers as before: during sealing, after merges and after a crash.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use crate::fixtures::{metrics::*, *};
use model::*;
use store::{Segment, SegmentSignal, Store};
use tempfile::TempDir;

fn points_of(segments: &[Segment], signal: SegmentSignal) -> Vec<Segment> {
    let points = |one: &&Segment| one.signal == signal && one.resolution == DataResolution::Points;
    segments.iter().filter(points).cloned().collect()
}

#[tokio::test]
async fn sealed_points_give_the_same_answers_also_after_opening_again() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    let before = answers(&store).await;
    assert!(before.contains(&format!("{}", STALE.to_bits())));
    store.admin().seal_now().await.unwrap();
    let segments = store.admin().segments();
    assert!(segments.len() >= 4, "{segments:?}");
    let points = |signal| points_of(&segments, signal).iter().map(|one| one.points).sum::<u64>();
    assert_eq!((points(SegmentSignal::Samples), points(SegmentSignal::Histograms)), (360 * 4, 360));
    assert!(segments.iter().all(|one| one.services[0].service == "shop" && one.window.contains(one.first)));
    assert_eq!(answers(&store).await, before);
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(answers(&again).await, before);
    assert_eq!(again.admin().statistics().await.unwrap().samples, 360 * 5);
}

/// Returns three hours of a sample every 2 s, with resets, staleness markers, start times and
/// infinities.
fn dense() -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let kinds = [
        gauge("shop", 0),
        counter(),
        Series { monotonic: false, ..Series::counter("level", "1", resource("shop"), Attributes::new()) },
        Series {
            temporality: Temporality::Delta,
            ..Series::counter("news", "1", resource("shop"), Attributes::new())
        },
    ];
    for kind in kinds {
        let series = batch.add_series(kind);
        for n in 0..5400_i64 {
            let value = match n {
                1000 | 5000 => STALE,
                2000 => f64::INFINITY,
                _ => ((n * n) % 977 + n) as f64,
            };
            let start_time = (n > 3000).then(|| at(3001 * 2 - 1));
            batch.samples.push(Sample { series, time: at(n * 2), start_time, value });
        }
    }
    batch
}

async fn downsampled(store: &Store) -> (Vec<SeriesBuckets>, String) {
    let (mut all, mut increases) = (Vec::new(), String::new());
    let ranges = [(0, 10_800), (-4000, 20_000), (1803, 9007), (3600 * 2 - 800, 3600 * 3 - 800), (60, 61)];
    for (from, to) in ranges {
        for step in [NANOS_PER_SECOND, MINUTE, 5 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE] {
            for metric in ["temperature", "requests_total", "level", "news"] {
                let range = TimeRange::new(at(from), at(to));
                all.extend(read_buckets(store, metric, range, step).await);
                increases += &gained_text(store, metric, range, step).await;
            }
        }
    }
    (all, increases)
}

#[tokio::test]
async fn rolled_up_steps_equal_those_of_raw_samples() {
    let (_folder, store) = open();
    store.write(dense()).await.unwrap();
    let raw = downsampled(&store).await;
    store.admin().seal_now().await.unwrap();
    let plain = duckdb::Connection::open_in_memory().unwrap();
    for (resolution, min) in [(DataResolution::Hours, 4), (DataResolution::Minutes, 4 * 60)] {
        let file = store.admin().segments().into_iter().find(|one| one.resolution == resolution).unwrap();
        let sql = format!("SELECT sum(len(steps)) FROM '{}'", file.path.display());
        let intervals: u64 = plain.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(intervals >= min && intervals == file.points, "{intervals:?}");
    }
    let text = |answers: &(Vec<SeriesBuckets>, String)| format!("{answers:?}");
    assert_eq!(text(&downsampled(&store).await), text(&raw));
    store.admin().compact().await.unwrap();
    assert_eq!(text(&downsampled(&store).await), text(&raw));
    // A late point in a rolled-up hour counts at once, and after it was sealed and merged.
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 0), at(2001), 1e6);
    store.write(late).await.unwrap();
    let with_late = downsampled(&store).await;
    assert_ne!(text(&with_late), text(&raw));
    store.admin().seal_now().await.unwrap();
    assert_eq!(text(&downsampled(&store).await), text(&with_late));
    store.admin().compact().await.unwrap();
    assert_eq!(text(&downsampled(&store).await), text(&with_late));
}

#[tokio::test]
async fn late_and_repeated_points_count_at_once_and_once() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let before = answers(&store).await;
    // The same points again: in the head, then sealed beside the first.
    store.write(telemetry()).await.unwrap();
    assert_eq!(answers(&store).await, before);
    store.admin().seal_now().await.unwrap();
    assert_eq!(answers(&store).await, before);
    // A point between two sealed ones, and one in place of a sealed one.
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 0), at(90), 5.0);
    late.add_sample(gauge("shop", 0), at(120), 6.0);
    store.write(late).await.unwrap();
    let read = samples(&store, "temperature").await;
    let first = &read[0].1;
    assert_eq!(first.len(), 361);
    assert_eq!(first[2..4], [(at(90).0, 5f64.to_bits()), (at(120).0, 6f64.to_bits())]);
    store.admin().seal_now().await.unwrap();
    assert_eq!(samples(&store, "temperature").await, read);
}

/// Copies the folder before each step of maintenance, as a crash would leave it.
fn crashes(store: &Store, folder: &TempDir) -> Arc<Mutex<Vec<(String, TempDir)>>> {
    let crashes: Arc<Mutex<Vec<(String, TempDir)>>> = Arc::default();
    let (seen, path) = (Arc::clone(&crashes), folder.path().to_owned());
    store.admin().watch_maintenance(move |step| {
        let crashed = tempfile::tempdir().unwrap();
        copy(&path, crashed.path());
        seen.lock().unwrap().push((format!("{step:?}"), crashed));
    });
    crashes
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_at_any_step_of_sealing_or_merging_each_point_counts_once() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    let before = answers(&store).await;
    let crashes = crashes(&store, &folder);
    store.admin().seal_now().await.unwrap();
    let segments = store.admin().segments().len();
    store.admin().compact().await.unwrap();
    assert!(store.admin().segments().len() < segments);
    let crashes = std::mem::take(&mut *crashes.lock().unwrap());
    assert!(crashes.len() >= 12, "{crashes:?}");
    for (step, crashed) in crashes {
        let store = Store::open(crashed.path(), small()).unwrap();
        assert_eq!(answers(&store).await, before, "{step}");
        let files = fs::read_dir(crashed.path().join("segments")).unwrap().count();
        assert_eq!(files, store.admin().segments().len(), "{step}");
        store.admin().seal_now().await.unwrap();
        assert_eq!(answers(&store).await, before, "{step}");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn merging_leaves_one_segment_a_day_and_every_point_once() {
    let (folder, store) = open();
    for _ in 0..3 {
        store.write(telemetry()).await.unwrap();
        store.admin().seal_now().await.unwrap();
    }
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 0), at(120), 6.0);
    late.add_sample(gauge("late", 0), at(-3600), 7.0);
    store.write(late).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let before = answers(&store).await;
    assert_eq!(store.admin().statistics().await.unwrap().samples, 3 * 360 * 5 + 2);
    store.admin().compact().await.unwrap();
    assert_eq!(answers(&store).await, before);
    assert_eq!(store.admin().statistics().await.unwrap().samples, 360 * 5 + 1);
    let segments = store.admin().segments();
    let windows: std::collections::BTreeSet<_> = segments
        .iter()
        .map(|one| (one.signal, one.resolution, one.retention_tier, one.window.start))
        .collect();
    assert_eq!(windows.len(), segments.len(), "{segments:?}");
    store.admin().compact().await.unwrap();
    assert_eq!(store.admin().segments(), segments, "there is nothing more to merge");
    let files = fs::read_dir(folder.path().join("segments")).unwrap().count();
    assert_eq!(files, segments.len());
    assert!(store.admin().verify(|_, _| ()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_late_point_is_merged_into_a_merged_day() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 1), at(120), 60.0);
    store.write(late).await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    let read = samples(&store, "temperature").await;
    assert_eq!(read[1].1[2], (at(120).0, 60f64.to_bits()));
    assert_eq!(read[1].1.len(), 360);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reads_see_each_point_once_while_points_are_written_sealed_and_merged() {
    let (folder, store) = open();
    let written = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let writing = {
        let (store, written) = (store.clone(), Arc::clone(&written));
        tokio::spawn(async move {
            for n in 0..400_i64 {
                let mut batch = TelemetryBatch::default();
                for sensor in 0..3 {
                    batch.add_sample(gauge("shop", sensor), at(n * 60), n as f64);
                }
                store.write(batch).await.unwrap();
                written.store(n + 1, std::sync::atomic::Ordering::SeqCst);
            }
        })
    };
    let sealing = {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 0..12 {
                store.admin().seal_now().await.unwrap();
                if round % 3 == 2 {
                    store.admin().compact().await.unwrap();
                }
            }
        })
    };
    while !(writing.is_finished() && sealing.is_finished()) {
        let before = written.load(std::sync::atomic::Ordering::SeqCst);
        let read = samples(&store, "temperature").await;
        for (_, points) in &read {
            assert!(points.len() as i64 >= before, "{} of {before}", points.len());
            assert!(points.iter().zip(0..).all(|((time, _), n)| *time == at(n * 60).0));
        }
        let range = TimeRange::new(at(0).floor(60 * MINUTE), at(86_400));
        let buckets = read_buckets(&store, "temperature", range, 60 * MINUTE).await;
        for series in buckets {
            let count: u64 = series.buckets.iter().map(|bucket| bucket.count).sum();
            assert!(count as i64 >= before, "{count} of {before}");
        }
    }
    writing.await.unwrap();
    sealing.await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().samples, 1200);
    let files = fs::read_dir(folder.path().join("segments")).unwrap().count();
    assert_eq!(files, store.admin().segments().len());
    assert!(store.admin().segment_faults().is_empty());
}
