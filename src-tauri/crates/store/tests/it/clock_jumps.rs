//! Counters over times that passed twice, because the clock was set back.

use model::*;
use store::{SelectHints, Store};

use crate::fixtures::{
    metrics::{MINUTE, counter},
    *,
};

const STEP: i64 = 10 * MINUTE;

/// Writes a counter that grows by one a minute. The clock is an hour ahead and set back after two
/// hours, and goes on for 70 minutes.
async fn write(store: &Store) {
    let mut batch = TelemetryBatch::default();
    for minute in 0..190 {
        let seconds = if minute < 120 { minute * 60 - 7200 } else { minute * 60 - 7200 - 3600 + 7 };
        batch.add_sample(counter(), at(seconds), minute as f64);
    }
    store.write(batch).await.unwrap();
}

fn range() -> TimeRange {
    TimeRange::new(at(-7200), at(600))
}

/// Returns the increases in steps as they are read from the store and from a shared snapshot.
async fn read(store: &Store, step: i64) -> [Vec<f64>; 2] {
    let snapshot = store.shared_snapshot(range()).await.unwrap();
    let selected = snapshot.select(&[], SelectHints::metric("requests_total")).await.unwrap();
    let shared = selected.within(range()).counters(step).await.unwrap();
    let read = read_counters(store, "requests_total", range(), step).await;
    [read, shared].map(|read| increases(&read[0], range()))
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_no_reset() {
    let (folder, store) = open();
    write(&store).await;
    for increases in read(&store, STEP).await {
        assert!(increases.iter().sum::<f64>() > 1000.0, "{increases:?}");
    }

    let jump = TimeRange::new(at(-3600), at(0));
    store.history().record_clock_jump(jump).await.unwrap();
    let whole = |steps: &[f64]| steps.iter().sum::<f64>();
    for increases in read(&store, STEP).await {
        assert!(increases.iter().all(|increase| (0.0..=10.0).contains(increase)), "{increases:?}");
        // Of each of the two parts, the first minute is not known.
        assert_eq!(whole(&increases), 59.0 + 69.0);
    }

    store.admin().seal_now().await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(folder.path(), small()).unwrap();
    assert_eq!(store.history().clock_jumps(9).await.unwrap(), [jump]);
    for step in [STEP, 60 * MINUTE, 130 * MINUTE] {
        for increases in read(&store, step).await {
            assert!(whole(&increases) <= 59.0 + 69.0, "{step}: {increases:?}");
        }
    }
    for increases in read(&store, STEP).await {
        assert_eq!(whole(&increases), 59.0 + 69.0, "{increases:?}");
    }
}

#[tokio::test]
async fn the_latest_jumps_are_returned_oldest_first() {
    let (_folder, store) = open();
    let jumps = [1, 3, 2].map(|second| TimeRange::new(at(second), at(second + 1)));
    for jump in jumps {
        store.history().record_clock_jump(jump).await.unwrap();
    }
    assert_eq!(store.history().clock_jumps(2).await.unwrap(), jumps[1..]);
}
