//! Durability of commits, rejected folders and cancelled reads.

use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};

use crate::fixtures::*;
use model::*;
use store::{Store, StoreError, StoreOptions};
use test_support::wait::wait_until;

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_batch_is_committed_with_the_next_one_that_is_not() {
    const HOUR: Duration = Duration::from_secs(3600);
    let (_folder, store) = open();
    let before = store.admin().statistics().await.unwrap().commits;
    let batch = |number| logs(vec![log("shop", at(number), "x", Attributes::new())]);
    let patient: Vec<_> = (0..20)
        .map(|number| {
            let (store, batch) = (store.clone(), Arc::new(batch(number)));
            tokio::spawn(async move { store.accept_within(batch, HOUR).await })
        })
        .collect();
    let mut urgent = 0;
    while patient.iter().any(|writing| !writing.is_finished()) {
        store.write(batch(100)).await.unwrap();
        urgent += 1;
    }
    for writing in patient {
        writing.await.unwrap().unwrap();
    }
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!(statistics.commits - before, urgent);
    assert_eq!(statistics.logs, 20 + urgent);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_commits_and_lose_nothing() {
    let (_folder, store) = open();
    let mut commits = store.subscribe();
    let tasks: Vec<_> = (0..200)
        .map(|n: i64| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut batch = logs(vec![log("shop", at(n), &n.to_string(), Attributes::new())]);
                let series = Series::gauge("g", "", resource("shop"), Attributes::new().with("n", n % 10));
                batch.add_sample(series, at(n), n as f64);
                store.write(batch).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!((statistics.samples, statistics.logs, statistics.series), (200, 200, 10));
    assert_eq!(statistics.queue_length, 0);
    assert!(statistics.commits < 200, "{statistics:?}");
    let commit = commits.try_recv();
    assert!(
        commit.is_err_and(|error| matches!(error, tokio::sync::broadcast::error::TryRecvError::Lagged(_)))
            || statistics.commits <= 64
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_batch_fails_alone() {
    let (_folder, store) = open();
    let mut bad = TelemetryBatch::default();
    bad.samples.push(Sample { series: SeriesId(1), time: NOW, start_time: None, value: 1.0 });
    let good = logs(vec![log("shop", NOW, "good", Attributes::new())]);
    let (bad, good, other) = tokio::join!(store.write(bad), store.write(good.clone()), store.write(good));
    assert!(matches!(bad, Err(StoreError::InvalidRequest(_))), "{bad:?}");
    good.unwrap();
    other.unwrap();
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!((statistics.logs, statistics.samples), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_log_is_checkpointed_when_the_store_is_idle() {
    let (folder, store) = open();
    let length = |name: &str| fs::metadata(folder.path().join(name)).map_or(0, |metadata| metadata.len());
    let body = "all work and no rest ".repeat(1000);
    for start in (0..1000).step_by(100) {
        let records = (start..start + 100).map(|n| log("shop", at(n), &body, Attributes::new())).collect();
        store.write(logs(records)).await.unwrap();
    }
    let before = length("binnacle.duckdb");
    let moved = async || Ok(length("binnacle.duckdb.wal") == 0 && length("binnacle.duckdb") > before);
    wait_until("the log is in the database", moved).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().logs, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_rejects_as_busy_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions { queue_records: 100, ..small() }).unwrap();
    let batch = || logs((0..60).map(|n| log("shop", at(n), "x", Attributes::new())).collect());
    let writes = (0..50).map(|_| {
        let store = store.clone();
        let batch = batch();
        tokio::spawn(async move { store.write(batch).await })
    });
    let mut written = 0;
    let mut busy = 0;
    for write in writes.collect::<Vec<_>>() {
        match write.await.unwrap() {
            Ok(()) => written += 1,
            Err(StoreError::Busy { retry_after }) => {
                assert!(retry_after > Duration::ZERO);
                busy += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(busy > 0 && written > 0);
    store.write(batch()).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().logs, (written + 1) * 60);
}

#[tokio::test]
async fn a_copy_taken_while_open_replays_its_log() {
    let (folder, store) = open();
    let mut batch = logs(vec![log("shop", NOW, "stored", Attributes::new())]);
    batch.add_sample(Series::gauge("g", "", resource("shop"), Attributes::new()), NOW, 1.0);
    store.write(batch).await.unwrap();
    // A crash leaves the file and its log as they are now.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["binnacle.duckdb", "binnacle.duckdb.wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let copy = Store::open(crashed.path(), small()).unwrap();
    assert_eq!(bodies(&copy, &Filter::everything()).await, ["stored"]);
    assert!(copy.metrics().kind("g").await.unwrap().is_some());
    drop(copy);
    let again = Store::open(crashed.path(), small()).unwrap();
    assert_eq!(bodies(&again, &Filter::everything()).await, ["stored"]);
    again.close().await.unwrap();
}

/// Copies the folder as a crash with a long log leaves it.
async fn crashed_with_a_long_log(folder: &std::path::Path, store: &Store) -> tempfile::TempDir {
    let body = "no two lines are quite the same ".repeat(400);
    let mut round = 0;
    loop {
        let records =
            (0..1200).map(|n| log("shop", at(n), &format!("{round} {n} {body}"), Attributes::new()));
        store.write(logs(records.collect())).await.unwrap();
        let crashed = tempfile::tempdir().unwrap();
        for name in ["binnacle.duckdb", "binnacle.duckdb.wal", "binnacle.version"] {
            fs::copy(folder.join(name), crashed.path().join(name)).unwrap();
        }
        // An idle time may have moved the log into the database.
        if fs::metadata(crashed.path().join("binnacle.duckdb.wal")).unwrap().len() > 8 << 20 {
            return crashed;
        }
        round += 1;
    }
}

#[tokio::test]
async fn a_long_log_is_replayed_after_a_crash() {
    let (folder, store) = open();
    let crashed = crashed_with_a_long_log(folder.path(), &store).await;
    let logs = store.admin().statistics().await.unwrap().logs;
    for _ in 0..2 {
        let copy = Store::open(crashed.path(), small()).unwrap();
        assert_eq!(copy.admin().statistics().await.unwrap().logs, logs);
        copy.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_database_with_a_long_log_is_rejected_and_unchanged() {
    let (folder, store) = open();
    let mut batch = TelemetryBatch::default();
    for n in 0..2000 {
        let tags = Attributes::new().with("n", n).with("text", format!("{n} {}", "x".repeat(200)));
        batch.add_sample(Series::gauge("g", "", resource("shop"), tags), at(n), 1.0);
    }
    store.write(batch).await.unwrap();
    store.admin().checkpoint().await.unwrap();
    let crashed = crashed_with_a_long_log(folder.path(), &store).await;
    let (path, log) = (crashed.path().join("binnacle.duckdb"), crashed.path().join("binnacle.duckdb.wal"));
    let (whole, whole_log) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::write(&log, &whole_log).unwrap();
        let outcome = Store::open(crashed.path(), small());
        assert!(fs::read(&path).unwrap() == bytes, "the database was changed");
        assert!(fs::read(&log).unwrap() == whole_log, "the log was changed");
        outcome.map(|_| ()).unwrap_err()
    };
    let mut scrambled = whole.clone();
    scrambled[12_288..].iter_mut().for_each(|byte| *byte ^= 0x55);
    for bytes in [b"not a database at all".to_vec(), whole[..whole.len() / 3].to_vec(), scrambled] {
        let error = refused(&bytes);
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    }
    fs::write(&path, &whole).unwrap();
    fs::write(&log, &whole_log).unwrap();
    Store::open(crashed.path(), small()).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_closed_store_returns_closed_and_opens_again() {
    let (folder, store) = open();
    let other = store.clone();
    assert!(matches!(Store::open(folder.path(), small()), Err(StoreError::InUse { .. })));
    store.admin().checkpoint().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(other.write(logs(vec![log("a", NOW, "b", Attributes::new())])).await, Err(StoreError::Closed));
    assert!(matches!(other.history().last_heartbeat().await, Err(StoreError::Closed)));
    drop(other);
    Store::open(folder.path(), small()).unwrap();
}

#[tokio::test]
async fn a_newer_database_is_rejected_and_unchanged() {
    let (folder, store) = open();
    store.close().await.unwrap();
    let path = folder.path().join("binnacle.duckdb");
    let connection = duckdb::Connection::open(&path).unwrap();
    connection.execute_batch("INSERT INTO schema_version VALUES (999); CHECKPOINT;").unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let outcome = Store::open(folder.path(), small());
    assert!(matches!(outcome, Err(StoreError::NewerSchema { found: 999, .. })), "{outcome:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_database_is_rejected_and_unchanged() {
    let (folder, store) = open();
    store.write(logs(vec![log("shop", NOW, "x", Attributes::new())])).await.unwrap();
    store.close().await.unwrap();
    let path = folder.path().join("binnacle.duckdb");
    let whole = fs::read(&path).unwrap();
    let mut scrambled = whole.clone();
    scrambled[4096..].iter_mut().for_each(|byte| *byte ^= 0x55);
    for damaged in [b"not a database at all".to_vec(), whole[..whole.len() / 3].to_vec(), scrambled] {
        fs::write(&path, &damaged).unwrap();
        let outcome = Store::open(folder.path(), small());
        assert!(matches!(outcome, Err(StoreError::Damaged { .. })), "{outcome:?}");
        assert!(fs::read(&path).unwrap() == damaged);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_ends_at_its_deadline_and_when_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { read_deadline: Duration::from_millis(30), ..small() };
    let store = Store::open(folder.path(), options).unwrap();
    for _ in 0..4 {
        let records =
            (0..20_000).map(|n| log("shop", at(n % 3000), &"lorem ipsum ".repeat(40), Attributes::new()));
        store.write(logs(records.collect())).await.unwrap();
    }
    let expressions = (0..150).map(|n| field("body", FieldOperator::Regex, &format!("m i.*[a-z]{{20}}{n}$")));
    let slow = Filter::Any { of: expressions.collect() };
    let outcome = store.logs().count_by_service(&slow, around()).await;
    assert!(matches!(outcome, Err(StoreError::Deadline { .. })), "{outcome:?}");
    for _ in 0..20 {
        let logs = store.logs();
        let dropped = logs.count_by_service(&slow, around());
        let _ = tokio::time::timeout(Duration::from_millis(2), dropped).await;
    }
    // Reads and writes continue afterwards.
    store.write(logs(vec![log("shop", NOW, "after", Attributes::new())])).await.unwrap();
    let answered = async || Ok(store.history().last_heartbeat().await.map(|_| true)?);
    wait_until("a read is answered", answered).await.unwrap();
}

#[tokio::test]
async fn only_the_demonstration_is_removed() {
    let (folder, store) = open();
    let shown = Resource {
        attributes: Attributes::new().with("service.name", "demo").with(DEMONSTRATION_ATTRIBUTE, true),
    };
    let shown = std::sync::Arc::new(shown);
    let mut batch = logs(vec![log("mine", NOW, "mine", Attributes::new())]);
    batch.logs.push(LogRecord { resource: shown.clone(), ..log("", NOW, "demo", Attributes::new()) });
    batch.spans.push(Span { resource: shown.clone(), ..span("", 1, 1, None, NOW, 5) });
    batch.add_sample(Series::gauge("g", "", shown, Attributes::new()), NOW, 1.0);
    batch.add_sample(Series::gauge("g", "", resource("mine"), Attributes::new()), NOW, 1.0);
    store.write(batch.clone()).await.unwrap();
    assert!(store.admin().has_demonstration().await.unwrap());
    let removed = store.admin().remove_demonstration().await.unwrap();
    assert_eq!(removed, RecordCounts { samples: 1, logs: 1, spans: 1 });
    assert!(!store.admin().has_demonstration().await.unwrap());
    assert_eq!(bodies(&store, &Filter::everything()).await, ["mine"]);
    // It can be written again.
    store.write(batch).await.unwrap();
    assert!(store.admin().has_demonstration().await.unwrap());
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    let bodies: BTreeSet<_> = bodies(&again, &Filter::everything()).await.into_iter().collect();
    assert_eq!(bodies.len(), 2);
}
