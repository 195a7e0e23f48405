//! Files of segments: readable by other programs, verified, and deleted when they are obsolete.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use crate::fixtures::{metrics::*, *};
use model::*;
use store::{Segment, SegmentSignal, Store};

#[tokio::test]
async fn the_demonstration_is_removed_from_segments() {
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
    store.admin().seal_now().await.unwrap();
    store.write(batch).await.unwrap();
    let removed = store.admin().remove_demonstration().await.unwrap();
    assert_eq!(removed.samples, 202);
    assert_eq!(answers(&store).await, before);
    let segments = store.admin().segments();
    assert!(segments.iter().flat_map(|one| &one.services).all(|share| share.service == "shop"));
    for file in fs::read_dir(folder.path().join("segments")).unwrap() {
        let path = file.unwrap().path();
        assert!(segments.iter().any(|one| one.path == path), "{path:?} was not deleted");
    }
}

#[tokio::test]
async fn sealed_points_are_read_by_their_prometheus_name() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let series = Series::gauge("http.server.duration", "", resource("shop"), Attributes::new());
    batch.add_sample(series, at(0), 2.5);
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    assert_eq!(store.admin().segments().len(), 1);
    for metric in ["http.server.duration", "http_server_duration"] {
        let request = SamplesRequest { metric: metric.into(), matchers: vec![], range: around(), limit: 10 };
        let read = store.metrics().samples(&request).await.unwrap();
        assert_eq!(read.iter().map(|series| series.values.clone()).collect::<Vec<_>>(), [[2.5]], "{metric}");
        assert_eq!(read_buckets(&store, metric, around(), MINUTE).await.len(), 1, "{metric}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_not_merged() {
    let (_folder, store) = open();
    for _ in 0..2 {
        store.write(telemetry()).await.unwrap();
        store.admin().seal_now().await.unwrap();
    }
    let files = store.admin().segments();
    let file = files.iter().find(|one| one.signal == SegmentSignal::Samples).unwrap();
    let whole = fs::read(&file.path).unwrap();
    let mut bytes = whole.clone();
    bytes[200] ^= 1;
    fs::write(&file.path, &bytes).unwrap();
    store.admin().compact().await.unwrap_err();
    assert!(store.admin().segments().contains(file));
    // The next attempt skips it, and merges it after it was restored.
    store.admin().compact().await.unwrap();
    assert!(store.admin().segments().contains(file));
    fs::write(&file.path, &whole).unwrap();
    assert!(store.admin().verify(|_, _| ()).await.unwrap().is_empty());
    store.admin().compact().await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().samples, 360 * 5);
}

#[tokio::test]
async fn damage_is_found_and_dropped_segments_leave_no_file() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let file = store.admin().segments().remove(0);
    let whole = fs::read(&file.path).unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(&file.path, &bytes).unwrap();
    let progress = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&progress);
    let faults =
        store.admin().verify(move |done, of| recorded.lock().unwrap().push((done, of))).await.unwrap();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].segment, file);
    assert_eq!(store.admin().segment_faults(), faults);
    assert!(progress.lock().unwrap().last().is_some_and(|(done, of)| done == of && *of > 0));
    fs::write(&file.path, &whole).unwrap();
    assert!(store.admin().verify(|_, _| ()).await.unwrap().is_empty());
    assert!(store.admin().drop_segments(vec![file.id, 999]).await.is_err());
    assert!(file.path.exists());
    assert_eq!(store.admin().drop_segments(vec![file.id]).await.unwrap(), file.points);
    assert!(!file.path.exists());
    assert_eq!(fs::read_dir(folder.path().join("segments")).unwrap().count(), store.admin().segments().len());
}

#[tokio::test]
async fn a_reader_of_a_closed_store_deletes_no_file_of_the_next() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    // The snapshot holds files that are obsolete from now on.
    let snapshot = store.snapshot(everything()).await.unwrap();
    let obsolete: Vec<u64> = store.admin().segments().iter().map(|segment| segment.id).collect();
    store.admin().drop_segments(obsolete.clone()).await.unwrap();
    // The open snapshot can prevent the checkpoint. The folder is released all the same.
    let _ = store.close().await;

    let store = Store::open(folder.path(), small()).unwrap();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let expected = answers(&store).await;
    drop(snapshot);
    for segment in store.admin().segments() {
        assert!(segment.path.exists(), "{:?} was deleted", segment.path);
        assert!(!obsolete.contains(&segment.id), "the id {} was used again", segment.id);
    }
    assert_eq!(answers(&store).await, expected);
}

#[tokio::test]
async fn a_missing_or_damaged_file_is_skipped_and_the_rest_is_read() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let of = |signal| {
        let points = move |one: &Segment| one.signal == signal && one.resolution == DataResolution::Points;
        store.admin().segments().into_iter().filter(points).collect::<Vec<_>>()
    };
    let (samples_files, histogram_files) = (of(SegmentSignal::Samples), of(SegmentSignal::Histograms));
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
    assert_eq!(read_histograms(&again, "duration", range, MINUTE).await.len(), 1);
    let mut batch = TelemetryBatch::default();
    batch.add_sample(gauge("shop", 0), at(1), 1.0);
    again.write(batch).await.unwrap();
    again.admin().seal_now().await.unwrap();
}

#[tokio::test]
async fn segments_are_read_without_binnacle() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let file = store.admin().segments().into_iter().find(|one| one.signal == SegmentSignal::Samples).unwrap();
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
    // The documented statement for reading points.
    let found = include_str!("../../../../../docs/decisions/0003-how-metrics-are-sealed.md");
    let found = found.split("```sql\n").nth(1).unwrap().split(';').next().unwrap();
    let folder = file.path.parent().unwrap().display().to_string();
    let found = found.replace("segments/", &format!("{folder}/"));
    let sql = format!(
        "SELECT sum(value), count(*) FROM ({found}) WHERE metric = 'temperature' \
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
    store.admin().seal_now().await.unwrap();
    store.write(telemetry()).await.unwrap();
    let request =
        ExportRequest { signal: ExportSignal::Metrics, format: ExportFormat::Parquet, range: everything() };
    let path = folder.path().join("out.parquet");
    assert_eq!(store.admin().export(&request).await.unwrap().save(&path).unwrap(), 360 * 5);
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
