//! Retention against a plain model in memory: writes, sealing, merging, opening again and crashes,
//! in any order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use super::{DAY, HOUR, all_exemplars, listed, retain, series, stored};
use crate::fixtures::{metrics::copy, *};
use model::*;
use proptest::prelude::*;
use store::Store;
use tempfile::TempDir;

/// An action on the store.
#[derive(Debug, Clone)]
enum Action {
    /// Writes points of series by number, at a number of hours.
    Write(Vec<(u8, i64, f64)>),
    Seal,
    Compact,
    Reopen,
    /// Deletes points older than an hour, with a crash before a numbered step if there is one.
    Retain(i64, Option<usize>),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => prop::collection::vec((0u8..5, 0i64..60, 0f64..100.0), 1..30).prop_map(Action::Write),
        2 => Just(Action::Seal),
        1 => Just(Action::Compact),
        1 => Just(Action::Reopen),
        3 => (0i64..70, prop::option::weighted(0.3, 0usize..8)).prop_map(|(hour, step)| Action::Retain(hour, step)),
    ]
}

fn hour(hour: i64) -> Timestamp {
    at(0).floor(DAY * NANOS_PER_SECOND).offset((hour - 60) * HOUR * NANOS_PER_SECOND)
}

/// Applies retention. Returns a copy of the folder before a numbered step, if there was one.
async fn crash_before(store: &Store, folder: &TempDir, oldest: Timestamp, step: usize) -> Option<TempDir> {
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
    retain(store, oldest).await;
    store.admin().watch_maintenance(|_| ());
    copied.lock().unwrap().1.take()
}

async fn run(actions: Vec<Action>) {
    let (mut folder, mut store) = open();
    let mut model: BTreeMap<(u8, i64), u64> = BTreeMap::new();
    let mut expected_exemplars: BTreeSet<(String, i64, u64)> = BTreeSet::new();
    for action in actions {
        match action {
            Action::Write(points) => {
                let mut batch = TelemetryBatch::default();
                for (number, at, value) in points {
                    batch.add_sample(series(number), hour(at), value);
                    model.insert((number, hour(at).0), value.to_bits());
                    if at % 7 == 0 {
                        // Not at the time of a point, which may be deleted earlier.
                        let time = hour(at).offset(NANOS_PER_SECOND);
                        batch.exemplars.push(exemplar(series(number).id(), time, value));
                        expected_exemplars.insert((number.to_string(), time.0, value.to_bits()));
                    }
                }
                store.write(batch).await.unwrap();
            }
            Action::Seal => store.admin().seal_now().await.unwrap(),
            Action::Compact => store.admin().compact().await.unwrap(),
            Action::Reopen => {
                store.close().await.unwrap();
                store = Store::open(folder.path(), small()).unwrap();
            }
            Action::Retain(oldest, step) => {
                let oldest = hour(oldest);
                if let Some(crashed) = crash_before(&store, &folder, oldest, step.unwrap_or(usize::MAX)).await
                {
                    store.close().await.unwrap();
                    store = Store::open(crashed.path(), small()).unwrap();
                    folder = crashed;
                    // The crash lost no recent point either.
                    let left = stored(&store).await;
                    assert!(
                        model.iter().all(|(key, value)| key.1 < oldest.0 || left.get(key) == Some(value))
                    );
                    retain(&store, oldest).await;
                }
                let left = stored(&store).await;
                for (key, value) in &model {
                    assert!(left.get(key) == Some(value) || (key.1 < oldest.0 && !left.contains_key(key)));
                }
                assert!(left.keys().all(|key| model.contains_key(key)), "points that were not written");
                model = left;
                let left = all_exemplars(&store).await;
                assert!(left.is_subset(&expected_exemplars));
                assert!(
                    expected_exemplars.iter().all(|one| one.1 < oldest.0 || left.contains(one)),
                    "{left:?} {expected_exemplars:?}"
                );
                expected_exemplars = left;
                let numbers = model.keys().map(|(number, _)| number.to_string());
                let named: BTreeSet<_> = numbers
                    .chain(expected_exemplars.iter().map(|(number, ..)| number.clone()))
                    .map(|number| format!("m{number}"))
                    .collect();
                assert_eq!(listed(&store).await, named);
            }
        }
        assert_eq!(stored(&store).await, model);
        assert_eq!(all_exemplars(&store).await, expected_exemplars);
    }
}

proptest! {
    #![proptest_config(property_config(12))]
    #[test]
    fn only_old_data_are_deleted(actions in prop::collection::vec(action(), 1..14)) {
        runtime().block_on(run(actions));
    }
}
