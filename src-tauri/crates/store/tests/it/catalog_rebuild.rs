//! Segments without their database: the catalog is rebuilt from the files, with every property of
//! the series.

use std::{fs, path::Path, sync::Arc};

use crate::fixtures::{metrics::*, *};
use model::*;
use store::Store;

/// Returns series that differ in every property.
fn described() -> TelemetryBatch {
    let attributes = Attributes::new().with("service.name", "shop").with("cores", 8).with("shared", "same");
    let resource = Arc::new(Resource { attributes });
    let mut batch = telemetry();
    for n in 0..40 {
        for (name, temporality, monotonic, attributes) in [
            ("delta", Temporality::Delta, true, Attributes::new().with("ok", true)),
            ("free", Temporality::Cumulative, false, Attributes::new().with("shared", "same")),
            ("free", Temporality::Cumulative, false, Attributes::new().with("shared", "own")),
        ] {
            let series = Series {
                kind: MetricKind::Counter,
                temporality,
                monotonic,
                description: format!("Counts \"{name}\"."),
                scope: Arc::new(Scope { name: "library".into(), version: "1.2".into() }),
                ..Series::gauge(name, "By", Arc::clone(&resource), attributes)
            };
            batch.add_sample(series, at(n * 60), (n % 7) as f64);
        }
    }
    batch
}

/// Returns all answers about metrics, as text.
async fn found(store: &Store) -> String {
    let request = MetricCatalogRequest { search: String::new(), matchers: vec![], limit: 100 };
    let mut text = answers(store).await;
    for metric in store.metrics().catalog(&request).await.unwrap() {
        text += &format!("\n{metric:?}");
        for step in [MINUTE, 60 * MINUTE] {
            text += &format!("\n{:?}", read_buckets(store, &metric.name, everything(), step).await);
        }
    }
    text += &format!(
        "\n{:?}",
        store.metrics().tags(&TagsRequest { metric: String::new(), matchers: vec![] }).await.unwrap()
    );
    text
}

fn lose_database(folder: &Path) {
    for name in ["binnacle.duckdb", "binnacle.duckdb.wal"] {
        let _ = fs::remove_file(folder.join(name));
    }
}

fn segments(store: &Store) -> Vec<String> {
    let mut segments: Vec<_> = store
        .admin()
        .segments()
        .into_iter()
        .map(|one| format!("{:?}", store::Segment { services: one.services.clone(), ..one }))
        .collect();
    segments.sort();
    segments
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_catalog_gives_the_same_answers() {
    let (folder, store) = open();
    store.write(described()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    // The newest write wins. After the rebuild only the files have the order of writing.
    let mut late = TelemetryBatch::default();
    late.add_sample(gauge("shop", 1), at(61 * 60), 12_345.0);
    store.write(late).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let (before, files) = (found(&store).await, segments(&store));
    store.close().await.unwrap();
    lose_database(folder.path());
    // The files of an interrupted rebuild.
    fs::write(folder.path().join("binnacle.duckdb.fresh"), b"half a database").unwrap();
    fs::write(folder.path().join("binnacle.duckdb.wal"), b"a log without its database").unwrap();

    let store = Store::open(folder.path(), small()).unwrap();
    assert_eq!(segments(&store), files);
    assert_eq!(found(&store).await, before);
    assert!(folder.path().join("quarantine/binnacle.duckdb.wal").exists());
    // Writing continues: the same series, and newer points win.
    let series = store.admin().statistics().await.unwrap().series;
    store.write(described()).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().series, series);
    let mut batch = TelemetryBatch::default();
    batch.add_sample(gauge("shop", 1), at(61 * 60), 54_321.0);
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    let read = samples(&store, "temperature").await;
    let point = |value: f64| (at(61 * 60).0, value.to_bits());
    assert!(read.iter().any(|(_, points)| points.contains(&point(54_321.0))));
    assert!(store.admin().verify(|_, _| ()).await.unwrap().is_empty());
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(samples(&again, "temperature").await, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn roll_ups_without_points_are_rebuilt_too() {
    let (folder, store) = open();
    let mut batch = TelemetryBatch::default();
    for second in 0..7200 {
        batch.add_sample(counter(), at(second), f64::from(second as i32 % 1000));
    }
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let points =
        store.admin().segments().into_iter().filter(|file| file.resolution == DataResolution::Points);
    store.admin().drop_segments(points.map(|file| file.id).collect()).await.unwrap();
    let (before, files) = (found(&store).await, segments(&store));
    store.close().await.unwrap();
    lose_database(folder.path());
    let store = Store::open(folder.path(), small()).unwrap();
    assert_eq!((found(&store).await, segments(&store)), (before, files));
    assert_eq!(resolution_left(&store, "requests_total", everything()).await, DataResolution::Minutes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_and_a_damaged_file_are_quarantined_on_request() {
    let (folder, store) = open();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let whole = samples(&store, "temperature").await;
    let of = |signal| store.admin().segments().into_iter().find(|one| one.signal == signal).unwrap().path;
    let broken = of(store::SegmentSignal::Histograms);
    store.close().await.unwrap();
    assert_eq!(Store::repair(folder.path(), &small()).unwrap().steps, []);
    let database = folder.path().join("binnacle.duckdb");
    fs::write(&database, b"not a database at all").unwrap();
    fs::write(&broken, b"not a file of points").unwrap();
    assert!(Store::open(folder.path(), small()).is_err());
    assert!(broken.exists());
    let report = Store::repair(folder.path(), &small()).unwrap();
    assert!(report.has_loss(), "{report:?}");
    let quarantined = folder.path().join("quarantine/binnacle.duckdb");
    assert_eq!(fs::read(&quarantined).unwrap(), b"not a database at all");
    let store = Store::open(folder.path(), small()).unwrap();
    assert_eq!(samples(&store, "temperature").await, whole);
    assert!(!broken.exists());
    let moved = folder.path().join("quarantine").join(broken.file_name().unwrap());
    assert_eq!(fs::read(moved).unwrap(), b"not a file of points");
}

/// Returns a folder with a sealed counter and its roll-ups, its answers and its resolutions.
async fn with_rollups() -> (tempfile::TempDir, String, String) {
    let (folder, store) = open();
    let mut batch = TelemetryBatch::default();
    for second in 0..3600 {
        batch.add_sample(counter(), at(second), f64::from(second as i32 % 1000));
    }
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let (read, resolutions) = (found(&store).await, resolutions(&store));
    store.close().await.unwrap();
    (folder, read, resolutions)
}

fn resolutions(store: &Store) -> String {
    let mut resolutions: Vec<_> = store
        .admin()
        .segments()
        .iter()
        .map(|one| format!("{:?} {:?} {}", one.resolution, one.retention_tier, one.points))
        .collect();
    resolutions.sort();
    resolutions.join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_of_format_1_get_their_roll_ups() {
    let (folder, before, all) = with_rollups().await;
    let database = duckdb::Connection::open(folder.path().join("binnacle.duckdb")).unwrap();
    database
        .execute_batch(
            "DELETE FROM segments WHERE resolution <> 'points'; \
             UPDATE segments SET format = 1, retention_tier = 'hours'; CHECKPOINT;",
        )
        .unwrap();
    drop(database);
    let store = Store::open(folder.path(), small()).unwrap();
    assert!(store.admin().segments().iter().all(|one| one.resolution == DataResolution::Points));
    assert_eq!(found(&store).await, before);
    store.admin().compact().await.unwrap();
    assert_eq!(resolutions(&store), all);
    assert_eq!(found(&store).await, before);
    let files: Vec<u64> = store.admin().segments().iter().map(|one| one.id).collect();
    store.admin().compact().await.unwrap();
    assert_eq!(
        store.admin().segments().iter().map(|one| one.id).collect::<Vec<_>>(),
        files,
        "a second compaction changes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_older_formats_are_rebuilt_without_metadata() {
    let (folder, before, all) = with_rollups().await;
    lose_database(folder.path());
    // Older files have neither metadata nor the properties of their series.
    let plain = duckdb::Connection::open_in_memory().unwrap();
    for entry in fs::read_dir(folder.path().join("segments")).unwrap() {
        let path = entry.unwrap().path();
        let (name, copy) = (path.display().to_string(), format!("{}.copy", path.display()));
        plain
            .execute_batch(&format!(
                "COPY (SELECT * EXCLUDE (description, temporality, monotonic, scope_name, scope_version, resource, \
                 attributes) FROM '{name}') TO '{copy}' (FORMAT parquet, COMPRESSION zstd)"
            ))
            .unwrap();
        fs::rename(copy, path).unwrap();
    }
    let store = Store::open(folder.path(), small()).unwrap();
    assert!(
        found(&store).await == before,
        "{:?} {:?}",
        store.admin().segment_faults(),
        store.admin().segments()
    );
    // Roll-ups beside points are quarantined and rebuilt.
    assert!(store.admin().segments().iter().all(|one| one.resolution == DataResolution::Points));
    store.admin().compact().await.unwrap();
    assert_eq!(resolutions(&store), all);
    assert_eq!(found(&store).await, before);
    let mut batch = TelemetryBatch::default();
    batch.add_sample(counter(), at(3600), 1.0);
    store.write(batch).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().series, 1);
}
