//! The store against a plain model in memory: writes, late and repeated points, sealing, merging,
//! opening again and crashes, in any order.

mod reference;

use std::{
    collections::BTreeSet,
    fs,
    sync::{Arc, Mutex},
};

use self::reference::*;
use crate::fixtures::{metrics::copy, *};
use model::*;
use proptest::prelude::*;
use store::Store;
use tempfile::TempDir;

/// An action on the store.
#[derive(Debug, Clone)]
enum Action {
    /// Writes points of series by number, in numbered slots of three seconds, some hours late.
    Write(Vec<(u8, i64, f64)>),
    Seal,
    Compact,
    Reopen,
    /// Seals and merges, with a crash before a numbered step.
    Crash(usize),
    /// Seals everything and deletes the database.
    LoseDatabase,
}

fn action() -> impl Strategy<Value = Action> {
    let value = prop_oneof![
        4 => (0i64..1000).prop_map(|number| number as f64 / 4.0),
        1 => Just(STALE),
        1 => Just(f64::NAN),
        1 => -1e9f64..1e9,
    ];
    let slot = prop_oneof![6 => 14_360i64..14_460, 1 => 12_000i64..16_000];
    prop_oneof![
        5 => prop::collection::vec((0u8..6, slot, value), 1..240).prop_map(Action::Write),
        2 => Just(Action::Seal),
        1 => Just(Action::Compact),
        1 => Just(Action::Reopen),
        1 => (0usize..14).prop_map(Action::Crash),
        1 => Just(Action::LoseDatabase),
    ]
}

async fn stored(store: &Store) -> Vec<(String, Points)> {
    let request = SamplesRequest { metric: "m".into(), matchers: vec![], range: range(), limit: 100_000 };
    let read = store.metrics().samples(&request).await.unwrap();
    let points = |series: &SeriesPoints| {
        series.times.iter().zip(&series.values).map(|(time, value)| (time.0, value.to_bits())).collect()
    };
    read.iter().map(|series| (series.labels["number"].clone(), points(series))).collect()
}

async fn check(store: &Store, model: &Model) {
    assert_eq!(stored(store).await, expected(model));
    for minutes in [1, 7, 60, 240] {
        let step = minutes * 60 * NANOS_PER_SECOND;
        let mut selection = downsampled(model, step);
        for series in read_buckets(store, "m", range(), step).await {
            for bucket in series.buckets {
                let key = (series.labels["number"].clone(), bucket.time.0);
                let aggregate = selection.remove(&key).unwrap();
                assert_eq!((bucket.count, bucket.ended), (aggregate.count, aggregate.ended), "{key:?}");
                if aggregate.count > 0 {
                    let is_same = near(bucket.min, aggregate.min) && near(bucket.max, aggregate.max);
                    assert!(is_same, "{key:?} {bucket:?} {aggregate:?}");
                    assert!(near(bucket.sum, aggregate.sum), "{key:?} {bucket:?} {aggregate:?}");
                }
            }
        }
        assert!(selection.is_empty(), "{selection:?}");
        let mut selection = downsampled(model, step);
        selection.retain(|_, aggregate| aggregate.count > 0);
        for series in read_counters(store, "m", range(), step).await {
            for bucket in series.buckets {
                let key = (series.labels["number"].clone(), bucket.span.first.floor(step).0);
                let expected = selection.remove(&key).unwrap().increase;
                assert!(near(bucket.gain + bucket.increase, expected), "{key:?} {bucket:?} {expected}");
            }
        }
        assert!(selection.is_empty(), "{selection:?}");
        let mut selection = histogram_increases(model, step);
        for series in read_histograms(store, "h", range(), step).await {
            for gained in gained(&series, range(), step) {
                let number = series.labels["number"].clone();
                let summary = number > DELTA.to_string();
                let key = (number, gained.time.0);
                assert_eq!(Some(increase_of(&gained, summary)), selection.remove(&key), "{minutes} {key:?}");
            }
        }
        assert!(selection.is_empty(), "{selection:?}");
    }
}

/// Seals and merges. Returns a copy of the folder before a numbered step, if there was one.
async fn crash(store: &Store, folder: &TempDir, step: usize) -> Option<TempDir> {
    let copied: Arc<Mutex<(usize, Option<TempDir>)>> = Arc::default();
    let (seen, path) = (Arc::clone(&copied), folder.path().to_owned());
    store.admin().watch_maintenance(move |_| {
        let mut seen = seen.lock().unwrap();
        if seen.0 == step {
            let crashed = tempfile::tempdir().unwrap();
            copy(&path, crashed.path());
            seen.1 = Some(crashed);
        }
        seen.0 += 1;
    });
    store.admin().seal_now().await.unwrap();
    store.admin().compact().await.unwrap();
    store.admin().watch_maintenance(|_| ());
    copied.lock().unwrap().1.take()
}

async fn run(actions: Vec<Action>) {
    let (mut folder, mut store) = open();
    let (mut model, mut expected_exemplars) = (Model::new(), BTreeSet::new());
    for action in actions {
        match action {
            Action::Write(points) => {
                let mut batch = TelemetryBatch::default();
                for (number, slot, value) in points {
                    if number < HISTOGRAMS {
                        batch.add_sample(series(number), time(slot), value);
                    } else {
                        batch.add_series(series(number));
                        batch.histograms.push(histogram(number, slot, value));
                    }
                    if slot % 5 == 0 && !value.is_nan() {
                        batch.exemplars.push(exemplar(series(number).id(), time(slot), value));
                        expected_exemplars.insert((number.to_string(), time(slot).0, value.to_bits()));
                    }
                    model.insert((number, slot), value.to_bits());
                }
                store.write(batch).await.unwrap();
            }
            Action::Seal => store.admin().seal_now().await.unwrap(),
            Action::Compact => store.admin().compact().await.unwrap(),
            Action::Reopen => {
                store.close().await.unwrap();
                store = Store::open(folder.path(), small()).unwrap();
            }
            Action::LoseDatabase => {
                store.admin().seal_now().await.unwrap();
                store.close().await.unwrap();
                fs::remove_file(folder.path().join("binnacle.duckdb")).unwrap();
                store = Store::open(folder.path(), small()).unwrap();
            }
            Action::Crash(step) => {
                if let Some(crashed) = crash(&store, &folder, step).await {
                    store.close().await.unwrap();
                    store = Store::open(crashed.path(), small()).unwrap();
                    folder = crashed;
                }
            }
        }
        check(&store, &model).await;
        let mut found = exemplars(&store, "m", "number", range()).await;
        found.extend(exemplars(&store, "h", "number", range()).await);
        assert_eq!(found, expected_exemplars.iter().cloned().collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(property_config(10))]
    #[test]
    fn the_store_agrees_with_the_model(actions in prop::collection::vec(action(), 1..14)) {
        runtime().block_on(run(actions));
    }
}
