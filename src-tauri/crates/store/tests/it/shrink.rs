//! The database file is shrunk after deletions.

use std::fs;

use crate::fixtures::{
    metrics::{answers, copy, telemetry},
    *,
};
use model::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::Store;
use tempfile::TempDir;

const DAY: i64 = 24 * 3600;

fn length(folder: &TempDir) -> u64 {
    fs::metadata(folder.path().join("binnacle.duckdb")).unwrap().len()
}

/// Returns a store whose file is mostly free: blocks of a sealed head are before those in use.
async fn mostly_free() -> (TempDir, Store) {
    let (folder, store) = open();
    let mut random = StdRng::seed_from_u64(7);
    for batch_number in 0..20 {
        let mut batch = TelemetryBatch::default();
        let series: Vec<_> =
            (0..50).map(|n| batch.add_series(crate::fixtures::metrics::gauge("till", n))).collect();
        for point in 0..30_000 {
            let (series, time) = (series[point % 50], at(-DAY + batch_number * 1000 + point as i64 / 50));
            batch.samples.push(Sample { series, time, start_time: None, value: random.random() });
        }
        store.write(batch).await.unwrap();
    }
    store.admin().checkpoint().await.unwrap();
    let text = || (0..50).map(|_| format!("{:016x}", random.random::<u64>())).collect::<String>();
    let lines: Vec<String> = std::iter::repeat_with(text).take(1000).collect();
    let records = lines.iter().enumerate();
    let records = records.map(|(n, line)| log("shop", at(n as i64), line, Attributes::new())).collect();
    store.write(logs(records)).await.unwrap();
    store.admin().checkpoint().await.unwrap();
    store.admin().seal_now().await.unwrap();
    // Points in the head that is copied. At equal series and time the later write wins.
    store.write(telemetry()).await.unwrap();
    let mut again = TelemetryBatch::default();
    for n in 0..50 {
        again.add_sample(crate::fixtures::metrics::gauge("shop", 1), at(n * 60), -1.0 - n as f64);
    }
    store.write(again).await.unwrap();
    store.admin().checkpoint().await.unwrap();
    (folder, store)
}

async fn all(store: &Store) -> String {
    format!("{}{:?}", answers(store).await, bodies(store, &Filter::everything()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mostly_free_file_is_shrunk_at_the_next_start_also_after_a_crash() {
    let (folder, store) = mostly_free().await;
    let before = all(&store).await;
    // A crash with a log that is not empty, after an interrupted copy.
    let killed = tempfile::tempdir().unwrap();
    copy(folder.path(), killed.path());
    fs::write(killed.path().join("binnacle.duckdb.fresh"), b"half of it").unwrap();
    fs::write(killed.path().join("binnacle.duckdb.fresh.wal"), b"half of it").unwrap();
    store.close().await.unwrap();
    let large = length(&folder);
    assert!(large > 6 << 20, "{large}");

    for folder in [killed, folder] {
        let store = Store::open(folder.path(), small()).unwrap();
        assert!(length(&folder) < large / 2, "{large} became {}", length(&folder));
        assert_eq!(all(&store).await, before);
        // The store accepts and seals data, and is not copied at the next start.
        store.write(logs(vec![log("shop", at(2), "later", Attributes::new())])).await.unwrap();
        store.admin().seal_now().await.unwrap();
        let before = all(&store).await;
        store.close().await.unwrap();
        let store = Store::open(folder.path(), small()).unwrap();
        assert_eq!(all(&store).await, before);
        assert!(!folder.path().join("binnacle.duckdb.fresh").exists());
    }
}
