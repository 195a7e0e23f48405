//! Reads that share the recent samples of a snapshot answer as reads of their own.

use std::sync::Arc;

use model::{
    Aggregation, Attributes, NANOS_PER_SECOND, Resource, STALE, Sample, Series, TelemetryBatch, TimeRange,
    Timestamp,
};
use proptest::{prelude::*, test_runner::Config};
use store::{Snapshot, Store, StoreOptions};

/// Lengths of windows in seconds. The longest one is shared. Roll-ups answer none of them.
const WINDOWS: [i64; 5] = [290, 125, 65, 20, 7];
/// The end of all windows in seconds.
const END: i64 = 2400;
const AGGREGATIONS: [Aggregation; 6] = [
    Aggregation::Rate,
    Aggregation::Increase,
    Aggregation::Average,
    Aggregation::Last,
    Aggregation::Count,
    Aggregation::P90,
];

fn at(seconds: i64) -> Timestamp {
    Timestamp((1_790_000_000 + seconds) * NANOS_PER_SECOND)
}

fn window(seconds: i64) -> TimeRange {
    TimeRange::new(at(END - seconds), at(END))
}

/// Returns a gauge, a counter, or a counter before its type was declared.
fn series(metric: usize, disk: i64) -> Series {
    let resource = |service| Arc::new(Resource::service_named(service));
    let attributes = Attributes::new().with("disk", disk);
    match metric {
        0 => Series::gauge("level", "1", resource("shop"), attributes),
        1 => Series::counter("forks", "", resource("kernel"), attributes),
        _ => Series::gauge("forks", "", resource("kernel"), attributes),
    }
}

/// A part of a series: samples at a distance, with a pause after each tenth and an end in it.
#[derive(Debug, Clone)]
struct Part {
    metric: usize,
    disk: i64,
    distance: i64,
    from: i64,
    length: i64,
    value: f64,
}

fn part() -> impl Strategy<Value = Part> {
    let fields = (0..3_usize, 0..3_i64, 1..90_i64, 0..END, 0..1500_i64, -5.0..50.0_f64);
    fields.prop_map(|(metric, disk, distance, from, length, value)| Part {
        metric,
        disk,
        distance,
        from,
        length,
        value: value.round(),
    })
}

fn batch(parts: &[Part]) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for part in parts {
        let id = batch.add_series(series(part.metric, part.disk));
        for n in 0..=part.length / part.distance {
            let seconds = part.from + n * part.distance + n / 10 * 3 * part.distance;
            if seconds >= END {
                break;
            }
            let value = if n == 17 { STALE } else { part.value * (n % 23) as f64 };
            let start_time = (part.metric == 1 && n % 3 == 0).then(|| at(seconds - 5));
            batch.samples.push(Sample { series: id, time: at(seconds), start_time, value });
        }
    }
    batch
}

/// Returns the values of each window, aggregation and grouping.
async fn answers(snapshot: &Snapshot) -> Vec<String> {
    let mut answers = Vec::new();
    for metric in ["level", "forks"] {
        for aggregation in AGGREGATIONS {
            for (seconds, group_by) in
                WINDOWS.into_iter().flat_map(|one| [(one, vec!["disk".to_owned()]), (one, vec![])])
            {
                let window = window(seconds);
                let answer =
                    query::instant(snapshot, metric, &[], aggregation, &group_by, window).await.unwrap();
                answers.push(format!("{metric} {aggregation:?} {seconds} s: {answer:?}"));
            }
        }
    }
    answers
}

fn open(folder: &std::path::Path) -> Store {
    Store::open(folder, StoreOptions { reserve_bytes: 0, ..StoreOptions::default() }).unwrap()
}

proptest! {
    #![proptest_config(Config { cases: 16, failure_persistence: None, max_shrink_iters: 60, ..Config::default() })]

    #[test]
    fn shared_samples_give_the_same_answers(
        batches in prop::collection::vec(prop::collection::vec(part(), 1..8), 1..5),
        sealed in 0..5_usize,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = open(folder.path());
            for (number, parts) in batches.iter().enumerate() {
                store.write(batch(parts)).await.unwrap();
                if number == sealed {
                    store.admin().seal_now().await.unwrap();
                }
            }
            let own = answers(&store.snapshot(window(0)).await.unwrap()).await;
            let sharing = answers(&store.shared_snapshot(window(WINDOWS[0])).await.unwrap()).await;
            for (own, sharing) in own.iter().zip(&sharing) {
                assert_eq!(own, sharing);
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_begins_before_the_shared_samples_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let part = Part { metric: 0, disk: 1, distance: 10, from: 0, length: END, value: 1.0 };
    store.write(batch(&[part])).await.unwrap();
    let sharing = store.shared_snapshot(window(20)).await.unwrap();
    let own = store.snapshot(window(0)).await.unwrap();
    assert_eq!(answers(&sharing).await, answers(&own).await);
}
