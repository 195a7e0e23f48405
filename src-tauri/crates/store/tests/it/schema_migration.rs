//! A data folder of schema version 4 opens with unchanged meaning, from every state that a crash
//! leaves.

use std::{fs, path::Path};

use model::*;
use store::Store;
use tempfile::TempDir;

use crate::fixtures::{metrics::*, *};

/// The tables and series of version 4 in terms of the newest version.
const DOWNGRADE: &str = "
    CREATE TABLE layout AS SELECT generation FROM manifest; DROP TABLE manifest;
    CREATE TABLE partition_files AS SELECT * RENAME (resolution AS form, part_group AS bundle,
        retention_tier AS lasts) FROM segments; DROP TABLE segments;
    CREATE TABLE partition_services AS SELECT * RENAME (segment_id AS partition_id) FROM segment_services;
    DROP TABLE segment_services; DROP TABLE clock_jumps;
    DELETE FROM schema_version WHERE version >= 5";

fn dropped(former: bool) -> Series {
    let (name, key) = match former {
        true => ("binnacle_points_dropped_total", "dropped.service"),
        false => ("binnacle_points_dropped_total", "dropped.service"),
    };
    Series::counter(name, "{point}", resource("binnacle"), Attributes::new().with(key, "shop"))
}

async fn answers(store: &Store) -> String {
    let range = TimeRange::new(at(-3600), at(8 * 3600));
    let mut text = String::new();
    for metric in ["temperature", "requests_total"] {
        text += &format!("{:?}", read_buckets(store, metric, range, 10 * MINUTE).await);
    }
    text + &gained_text(store, "duration", range, 10 * MINUTE).await
}

/// Writes a folder of version 4. Returns it with the answers of its data.
async fn former_folder() -> (TempDir, String) {
    let (folder, store) = open();
    let mut batch = telemetry();
    for n in 0..20 {
        batch.add_sample(dropped(true), at(n * 60), n as f64);
    }
    store.write(batch).await.unwrap();
    store.admin().seal_now().await.unwrap();
    let before = answers(&store).await;
    store.close().await.unwrap();
    let database = duckdb::Connection::open(folder.path().join("binnacle.duckdb")).unwrap();
    database.execute_batch(DOWNGRADE).unwrap();
    drop(database);
    fs::write(folder.path().join("binnacle.version"), "4\n").unwrap();
    fs::rename(folder.path().join("segments"), folder.path().join("partitions")).unwrap();
    (folder, before)
}

async fn opens_with(folder: &Path, expected: &str) -> Store {
    let store = Store::open(folder, small()).unwrap();
    assert_eq!(answers(&store).await, expected);
    assert!(store.admin().segment_faults().is_empty());
    assert!(!folder.join("partitions").exists());
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_version_4_opens_and_renamed_series_continue() {
    let (folder, before) = former_folder().await;
    let store = opens_with(folder.path(), &before).await;
    let mut batch = TelemetryBatch::default();
    for n in 20..30 {
        batch.add_sample(dropped(false), at(n * 60), n as f64);
    }
    store.write(batch).await.unwrap();
    let range = TimeRange::new(at(-600), at(3600));
    let read = async |store: &Store| {
        let series = read_counters(store, "binnacle_points_dropped_total", range, 60 * MINUTE).await;
        assert_eq!(series.len(), 1, "one series before and after it was renamed: {series:?}");
        assert_eq!(series[0].labels["dropped.service"], "shop");
        increases(&series[0], range).iter().sum::<f64>()
    };
    assert_eq!(read(&store).await, 29.0);
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    assert_eq!(read(&store).await, 29.0);
    store.close().await.unwrap();
    fs::remove_file(folder.path().join("binnacle.duckdb")).unwrap();
    let rebuilt = Store::open(folder.path(), small()).unwrap();
    assert_eq!(read(&rebuilt).await, 29.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_migration_is_completed() {
    // The folder was renamed, but not the tables, and the version file was already written.
    let (folder, before) = former_folder().await;
    fs::rename(folder.path().join("partitions"), folder.path().join("segments")).unwrap();
    fs::write(folder.path().join("binnacle.version"), "7\n").unwrap();
    drop(opens_with(folder.path(), &before).await);
    // Both folders exist, with the files split between them.
    let (folder, before) = former_folder().await;
    fs::create_dir(folder.path().join("segments")).unwrap();
    let files: Vec<_> = fs::read_dir(folder.path().join("partitions")).unwrap().map(Result::unwrap).collect();
    let first = &files[0];
    fs::rename(first.path(), folder.path().join("segments").join(first.file_name())).unwrap();
    drop(opens_with(folder.path(), &before).await);
    // The database is missing: the catalog is rebuilt from the former folder.
    let (folder, before) = former_folder().await;
    fs::remove_file(folder.path().join("binnacle.duckdb")).unwrap();
    drop(opens_with(folder.path(), &before).await);
}
