//! One consistent view for several reads.

use model::*;
use store::SelectHints;

use crate::fixtures::{metrics::*, *};

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_a_snapshot_see_one_commit_and_count_once() {
    let (_folder, store) = open();
    store.write(telemetry()).await.unwrap();
    let range = TimeRange::new(at(-3600), at(8 * 3600));
    let before = store.admin().snapshots_taken();
    let snapshot = store.snapshot(range).await.unwrap();
    let read = async || {
        let gauges = snapshot.select(&[], SelectHints::metric("temperature")).await.unwrap();
        let lines = snapshot.logs().count_by_service(&Filter::everything(), range).await.unwrap();
        let gaps = snapshot.history().gaps(range).await.unwrap();
        (gauges.buckets(60 * MINUTE).await.unwrap(), lines, gaps)
    };
    let first = read().await;
    assert_eq!(store.admin().snapshots_taken(), before + 1);

    store.admin().seal_now().await.unwrap();
    let mut later = logs(vec![log("shop", at(1), "later", Attributes::new())]);
    later.add_sample(gauge("shop", 0), at(10), 1000.0);
    store.write(later).await.unwrap();
    store.history().record_gap(Gap { range, reason: GapReason::Asleep }).await.unwrap();
    store.admin().compact().await.unwrap();
    assert_eq!(format!("{:?}", read().await), format!("{first:?}"), "the snapshot does not change");
    drop(snapshot);

    let latest = store.snapshot(range).await.unwrap();
    assert_eq!(latest.history().gaps(range).await.unwrap().len(), 1);
    assert_eq!(latest.logs().count_by_service(&Filter::everything(), range).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_ends_its_snapshots() {
    let (folder, store) = open();
    let snapshot = store.snapshot(around()).await.unwrap();
    store.close().await.unwrap();
    assert!(snapshot.history().gaps(around()).await.is_err());
    drop(store::Store::open(folder.path(), small()).unwrap());
}
