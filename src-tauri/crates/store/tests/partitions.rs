//! What was sealed reads as if it had not been, survives a crash at any step and is open to other programs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use common::*;
use model::*;
use store::{PartitionSignal, Store};
use tempfile::TempDir;

const MINUTE: i64 = 60 * NANOS_PER_SECOND;

fn gauge(service: &str, tag: i64) -> Series {
    Series::gauge("temperature", "Cel", resource(service), Attributes::new().with("sensor", tag))
}

fn counter() -> Series {
    Series::counter("requests_total", "1", resource("shop"), Attributes::new().with("code", 200_i64))
}

/// Six hours of gauges, a counter with resets and starts, and histograms.
fn telemetry() -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    let counted = batch.add_series(counter());
    let measured = batch.add_series(Series {
        kind: MetricKind::Histogram,
        temporality: Temporality::Cumulative,
        ..Series::gauge("duration", "s", resource("shop"), Attributes::new())
    });
    for n in 0..360_i64 {
        let time = at(n * 60);
        for sensor in 0..3 {
            let value = match n {
                100 => STALE,
                200 => -0.0,
                // Sums of quarters are exact, in whatever order.
                _ => (n * (sensor + 1)) as f64 / 4.0,
            };
            batch.add_sample(gauge("shop", sensor), time, value);
        }
        let start_time = Some(at(if n < 150 { -10 } else { 150 * 60 - 1 }));
        batch.samples.push(Sample { series: counted, time, start_time, value: (n % 150) as f64 * 7.0 });
        batch.histograms.push(HistogramPoint {
            series: measured,
            time,
            start_time: None,
            count: 3 * n as u64,
            sum: Some(n as f64),
            min: None,
            max: Some(9.0),
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts: vec![n as u64; 3] },
        });
    }
    batch
}

fn everything() -> TimeRange {
    TimeRange::new(at(-86_400), at(86_400))
}

/// Samples of a metric with every bit.
async fn samples(store: &Store, metric: &str) -> Vec<(Labels, Vec<(i64, u64)>)> {
    let request =
        SamplesRequest { metric: metric.into(), matchers: vec![], range: everything(), limit: 1_000_000 };
    let read = store.read_samples(&request).await.unwrap();
    read.into_iter()
        .map(|series| {
            let points =
                series.times.iter().zip(&series.values).map(|(time, value)| (time.0, value.to_bits()));
            (series.labels, points.collect())
        })
        .collect()
}

/// Everything the reads of metrics answer, as text.
async fn answers(store: &Store) -> String {
    let mut text =
        format!("{:?}{:?}", samples(store, "temperature").await, samples(store, "requests_total").await);
    let range = TimeRange::new(at(-40 * 60), at(7 * 3600));
    for step in [7 * NANOS_PER_SECOND, MINUTE, 60 * MINUTE, 120 * MINUTE] {
        for metric in ["temperature", "requests_total"] {
            text += &format!("\n{step} {:?}", store.read_buckets(metric, &[], range, step).await.unwrap());
        }
        text += &format!("\n{step} {:?}", store.read_histograms("duration", &[], range, step).await.unwrap());
    }
    text
}

#[tokio::test]
async fn sealed_points_read_as_before_and_after_opening_again() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    let before = answers(&store).await;
    assert!(before.contains(&format!("{}", STALE.to_bits())));
    store.seal_now().await.unwrap();
    let partitions = store.partitions();
    assert!(partitions.len() >= 4, "{partitions:?}");
    let points =
        |signal| partitions.iter().filter(|one| one.signal == signal).map(|one| one.points).sum::<u64>();
    assert_eq!((points(PartitionSignal::Samples), points(PartitionSignal::Histograms)), (360 * 4, 360));
    assert!(partitions.iter().all(|one| one.services[0].service == "shop" && one.window.contains(one.first)));
    assert_eq!(answers(&store).await, before);
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(answers(&again).await, before);
    assert_eq!(again.statistics().await.unwrap().samples, 360 * 5);
}

/// Three hours of a sample every two seconds, with what makes roll-ups hard: resets, markers, starts, infinities.
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

async fn reduced(store: &Store) -> Vec<SeriesBuckets> {
    let mut all = Vec::new();
    let ranges = [(0, 10_800), (-4000, 20_000), (1803, 9007), (3600 * 2 - 800, 3600 * 3 - 800), (60, 61)];
    for (from, to) in ranges {
        for step in [NANOS_PER_SECOND, MINUTE, 5 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE] {
            for metric in ["temperature", "requests_total", "level", "news"] {
                let range = TimeRange::new(at(from), at(to));
                all.extend(store.read_buckets(metric, &[], range, step).await.unwrap());
            }
        }
    }
    all
}

#[tokio::test]
async fn rolled_up_steps_equal_those_of_raw_samples() {
    let (_folder, store) = open();
    store.write(dense()).await.unwrap();
    let raw = reduced(&store).await;
    store.seal_now().await.unwrap();
    let file = store.partitions().remove(0);
    let plain = duckdb::Connection::open_in_memory().unwrap();
    let sql = format!("SELECT sum(len(hours)), sum(len(minutes)) FROM '{}'", file.path.display());
    let kept: (u64, u64) = plain.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(kept.0 >= 4 && kept.1 >= 4 * 60, "{kept:?}");
    let text = |buckets: &[SeriesBuckets]| format!("{buckets:?}");
    assert_eq!(text(&reduced(&store).await), text(&raw));
    store.compact().await.unwrap();
    assert_eq!(text(&reduced(&store).await), text(&raw));
    // A late point in a rolled-up hour counts at once, and after it was sealed and merged.
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 0), at(2001), 1e6);
    store.write(late).await.unwrap();
    let with_late = reduced(&store).await;
    assert_ne!(text(&with_late), text(&raw));
    store.seal_now().await.unwrap();
    assert_eq!(text(&reduced(&store).await), text(&with_late));
    store.compact().await.unwrap();
    assert_eq!(text(&reduced(&store).await), text(&with_late));
}

#[tokio::test]
async fn late_and_repeated_points_show_at_once_and_never_double() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.seal_now().await.unwrap();
    let before = answers(&store).await;
    // The same once more: in the head, then sealed beside the first.
    store.write(telemetry()).await.unwrap();
    assert_eq!(answers(&store).await, before);
    store.seal_now().await.unwrap();
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
    store.seal_now().await.unwrap();
    assert_eq!(samples(&store, "temperature").await, read);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().filter_map(Result::ok) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // A file may go between being listed and being copied.
            let _ = fs::copy(entry.path(), target);
        }
    }
}

/// Copies of the folder as a crash at each step would leave it.
fn crashes(store: &Store, folder: &TempDir) -> Arc<Mutex<Vec<(String, TempDir)>>> {
    let crashes: Arc<Mutex<Vec<(String, TempDir)>>> = Arc::default();
    let (seen, path) = (Arc::clone(&crashes), folder.path().to_owned());
    store.watch_maintenance(move |step| {
        let crashed = tempfile::tempdir().unwrap();
        copy(&path, crashed.path());
        seen.lock().unwrap().push((format!("{step:?}"), crashed));
    });
    crashes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_of_sealing_or_merging_loses_and_doubles_nothing() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    let before = answers(&store).await;
    let crashes = crashes(&store, &folder);
    store.seal_now().await.unwrap();
    let partitions = store.partitions().len();
    store.compact().await.unwrap();
    assert!(store.partitions().len() < partitions);
    let crashes = std::mem::take(&mut *crashes.lock().unwrap());
    assert!(crashes.len() >= 12, "{crashes:?}");
    for (step, crashed) in crashes {
        let store = Store::open(crashed.path(), small()).unwrap();
        assert_eq!(answers(&store).await, before, "{step}");
        let files = fs::read_dir(crashed.path().join("partitions")).unwrap().count();
        assert_eq!(files, store.partitions().len(), "{step}");
        store.seal_now().await.unwrap();
        assert_eq!(answers(&store).await, before, "{step}");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn merging_leaves_one_partition_a_day_and_every_point_once() {
    let (folder, store) = open();
    for _ in 0..3 {
        store.write(telemetry()).await.unwrap();
        store.seal_now().await.unwrap();
    }
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 0), at(120), 6.0);
    late.add_sample(gauge("late", 0), at(-3600), 7.0);
    store.write(late).await.unwrap();
    store.seal_now().await.unwrap();
    let before = answers(&store).await;
    assert_eq!(store.statistics().await.unwrap().samples, 3 * 360 * 5 + 2);
    store.compact().await.unwrap();
    assert_eq!(answers(&store).await, before);
    assert_eq!(store.statistics().await.unwrap().samples, 360 * 5 + 1);
    let partitions = store.partitions();
    let windows: std::collections::BTreeSet<_> =
        partitions.iter().map(|one| (one.signal, one.window.start)).collect();
    assert_eq!(windows.len(), partitions.len(), "{partitions:?}");
    store.compact().await.unwrap();
    assert_eq!(store.partitions(), partitions, "there is nothing more to merge");
    let files = fs::read_dir(folder.path().join("partitions")).unwrap().count();
    assert_eq!(files, partitions.len());
    assert!(store.verify(|_, _| ()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_late_point_beside_a_merged_day_lands_in_it() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.seal_now().await.unwrap();
    store.compact().await.unwrap();
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 1), at(120), 60.0);
    store.write(late).await.unwrap();
    store.seal_now().await.unwrap();
    store.compact().await.unwrap();
    let read = samples(&store, "temperature").await;
    assert_eq!(read[1].1[2], (at(120).0, 60f64.to_bits()));
    assert_eq!(read[1].1.len(), 360);
}

#[tokio::test]
async fn the_demonstration_goes_from_partitions_without_a_trace() {
    let (folder, store) = open();
    let attributes = Attributes::new().with("service.name", "demo").with(DEMONSTRATION_ATTRIBUTE, true);
    let shown = Arc::new(Resource { attributes });
    let mut batch = telemetry();
    for n in 0..100 {
        batch.add_sample(Series::gauge("temperature", "Cel", shown.clone(), Attributes::new()), at(n), 1.0);
    }
    let id = batch.add_series(Series {
        kind: MetricKind::Histogram,
        ..Series::gauge("duration", "s", shown, Attributes::new())
    });
    let point = batch.histograms[0].clone();
    batch.histograms.push(HistogramPoint { series: id, ..point });
    store.write(telemetry()).await.unwrap();
    let before = answers(&store).await;
    store.write(batch.clone()).await.unwrap();
    store.seal_now().await.unwrap();
    store.write(batch).await.unwrap();
    let removed = store.remove_demonstration().await.unwrap();
    assert_eq!(removed.samples, 202);
    assert_eq!(answers(&store).await, before);
    let partitions = store.partitions();
    assert!(partitions.iter().flat_map(|one| &one.services).all(|share| share.service == "shop"));
    for file in fs::read_dir(folder.path().join("partitions")).unwrap() {
        let path = file.unwrap().path();
        assert!(partitions.iter().any(|one| one.path == path), "{path:?} is left");
    }
}

#[tokio::test]
async fn a_damaged_file_is_never_merged_into_a_whole_one() {
    let (_folder, store) = open();
    for _ in 0..2 {
        store.write(telemetry()).await.unwrap();
        store.seal_now().await.unwrap();
    }
    let files = store.partitions();
    let file = files.iter().find(|one| one.signal == PartitionSignal::Samples).unwrap();
    let whole = fs::read(&file.path).unwrap();
    let mut bytes = whole.clone();
    bytes[200] ^= 1;
    fs::write(&file.path, &bytes).unwrap();
    store.compact().await.unwrap_err();
    assert!(store.partitions().contains(file));
    // The next attempt goes on without it, and takes it in once it was mended.
    store.compact().await.unwrap();
    assert!(store.partitions().contains(file));
    fs::write(&file.path, &whole).unwrap();
    assert!(store.verify(|_, _| ()).await.unwrap().is_empty());
    store.compact().await.unwrap();
    assert_eq!(store.statistics().await.unwrap().samples, 360 * 5);
}

#[tokio::test]
async fn damage_is_found_and_dropped_partitions_leave_no_file() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.seal_now().await.unwrap();
    let file = store.partitions().remove(0);
    let whole = fs::read(&file.path).unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(&file.path, &bytes).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let faults = store.verify(move |done, of| hears.lock().unwrap().push((done, of))).await.unwrap();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].partition, file);
    assert_eq!(store.partition_faults(), faults);
    assert!(heard.lock().unwrap().last().is_some_and(|(done, of)| done == of && *of > 0));
    fs::write(&file.path, &whole).unwrap();
    assert!(store.verify(|_, _| ()).await.unwrap().is_empty());
    assert!(store.drop_partitions(vec![file.id, 999]).await.is_err());
    assert!(file.path.exists());
    assert_eq!(store.drop_partitions(vec![file.id]).await.unwrap(), file.points);
    assert!(!file.path.exists());
    assert_eq!(fs::read_dir(folder.path().join("partitions")).unwrap().count(), store.partitions().len());
}

#[tokio::test]
async fn a_missing_or_damaged_file_is_left_out_and_the_rest_is_read() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.seal_now().await.unwrap();
    let of =
        |signal| store.partitions().into_iter().filter(move |one| one.signal == signal).collect::<Vec<_>>();
    let (samples_files, histogram_files) = (of(PartitionSignal::Samples), of(PartitionSignal::Histograms));
    store.close().await.unwrap();
    fs::remove_file(&histogram_files[0].path).unwrap();
    let mut bytes = fs::read(&samples_files[0].path).unwrap();
    let end = bytes.len();
    bytes[..end / 2].fill(0x55);
    fs::write(&samples_files[0].path, bytes).unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    let left: usize = samples(&again, "temperature").await.iter().map(|(_, points)| points.len()).sum();
    let rest: u64 = samples_files[1..].iter().map(|file| file.points).sum();
    assert_eq!(left as u64, rest / 4 * 3);
    let range = everything();
    assert_eq!(again.read_histograms("duration", &[], range, MINUTE).await.unwrap().len(), 1);
    let mut batch = TelemetryBatch::default();
    batch.add_sample(gauge("shop", 0), at(1), 1.0);
    again.write(batch).await.unwrap();
    again.seal_now().await.unwrap();
}

#[tokio::test]
async fn partitions_are_read_without_binnacle() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.seal_now().await.unwrap();
    let file = store.partitions().into_iter().find(|one| one.signal == PartitionSignal::Samples).unwrap();
    let plain = duckdb::Connection::open_in_memory().unwrap();
    let sql = format!(
        "SELECT metric, labels ->> 'sensor', count(*), sum(points) FROM '{}' GROUP BY ALL ORDER BY ALL",
        file.path.display()
    );
    let mut statement = plain.prepare(&sql).unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, u64>(3)?))
        })
        .unwrap();
    let rows: Vec<_> = rows.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0].0, "requests_total");
    assert_eq!(rows[3].1.as_deref(), Some("2"));
    assert_eq!(rows.iter().map(|row| row.2).sum::<u64>(), file.points);
    // The statement that people are told to read the points with.
    let told = include_str!("../../../../docs/decisions/0003-how-metrics-are-sealed.md");
    let told = told.split("```sql\n").nth(1).unwrap().split(';').next().unwrap();
    let folder = file.path.parent().unwrap().display().to_string();
    let told = told.replace("partitions/", &format!("{folder}/"));
    let sql = format!(
        "SELECT sum(value), count(*) FROM ({told}) WHERE metric = 'temperature' \
         AND (labels ->> 'sensor') = '2' AND NOT isnan(value)"
    );
    let (sum, count): (f64, u64) = plain.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let expected: i64 = (0..360).filter(|n| ![100, 200].contains(n)).map(|n| n * 3).sum();
    assert_eq!((sum, count), (expected as f64 / 4.0, 359));
}

#[tokio::test]
async fn an_export_holds_each_sealed_point_once() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.seal_now().await.unwrap();
    store.write(telemetry()).await.unwrap();
    let request =
        ExportRequest { signal: ExportSignal::Metrics, format: ExportFormat::Parquet, range: everything() };
    let path = folder.path().join("out.parquet");
    assert_eq!(store.export(&request, &path).await.unwrap(), 360 * 5);
    let plain = duckdb::Connection::open_in_memory().unwrap();
    let sql = format!(
        "SELECT sum(value) FILTER (NOT isnan(value)), count(*) FILTER (isnan(value)), sum(count) FROM '{}'",
        path.display()
    );
    let (sum, absent, count): (f64, u64, f64) =
        plain.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let expected: f64 =
        telemetry().samples.iter().map(|sample| sample.value).filter(|value| !value.is_nan()).sum();
    assert!((sum - expected).abs() < 1e-6, "{sum} {expected}");
    assert_eq!((absent, count), (3, (0..360).map(|n| 3.0 * f64::from(n)).sum()));
}
