//! Retention of points that are not sealed and of series that have no point left, against a plain
//! model.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use crate::fixtures::{metrics::copy, *};
use model::*;
use proptest::prelude::*;
use store::{Store, StoreOptions};
use tempfile::TempDir;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn series(number: u8) -> Series {
    let service = if number < 3 { "shop" } else { "till" };
    Series::gauge(
        &format!("m{number}"),
        "",
        resource(service),
        Attributes::new().with("number", i64::from(number)),
    )
}

fn everything() -> TimeRange {
    TimeRange::new(at(-400 * DAY), at(DAY))
}

/// Everything stored: of each series the times and values.
async fn stored(store: &Store) -> BTreeMap<(u8, i64), u64> {
    let mut found = BTreeMap::new();
    for number in 0..5 {
        let metric = format!("m{number}");
        let request = SamplesRequest { metric, matchers: vec![], range: everything(), limit: 1_000_000 };
        for series in store.metrics().samples(&request).await.unwrap() {
            for (time, value) in series.times.iter().zip(&series.values) {
                found.insert((number, time.0), value.to_bits());
            }
        }
    }
    found
}

async fn all_exemplars(store: &Store) -> BTreeSet<(String, i64, u64)> {
    let mut all = BTreeSet::new();
    for number in 0..5 {
        all.extend(exemplars(store, &format!("m{number}"), "number", everything()).await);
    }
    all
}

async fn listed(store: &Store) -> BTreeSet<String> {
    let request = MetricCatalogRequest { search: String::new(), matchers: vec![], limit: 1000 };
    store.metrics().catalog(&request).await.unwrap().into_iter().map(|metric| metric.name).collect()
}

/// A pass that takes what is older than a moment.
async fn retain(store: &Store, oldest: Timestamp) {
    let limits = [RetentionLimits {
        kind: DataKind::Metrics,
        age: DAY * NANOS_PER_SECOND,
        minutes_age: None,
        hours_age: None,
        bytes: u64::MAX,
    }];
    let plan = store.admin().plan_retention(&limits, oldest.offset(DAY * NANOS_PER_SECOND)).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
}

fn one(number: u8, time: Timestamp, value: f64) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    batch.add_sample(series(number), time, value);
    batch
}

#[tokio::test(flavor = "multi_thread")]
async fn late_points_go_without_being_sealed_and_series_with_their_last_point() {
    let (folder, store) = open();
    store.write(one(0, at(-40 * DAY), 1.0)).await.unwrap();
    store.write(one(1, at(-40 * DAY), 1.0)).await.unwrap();
    store.write(one(1, at(0), 2.0)).await.unwrap();
    let mut batch = TelemetryBatch::default();
    let histogram = Series { kind: MetricKind::Histogram, ..series(2) };
    let measured = batch.add_series(histogram);
    batch.histograms.push(HistogramPoint {
        series: measured,
        time: at(-40 * DAY),
        start_time: None,
        count: 1,
        sum: Some(1.0),
        min: None,
        max: None,
        buckets: Buckets::Explicit { bounds: vec![1.0], counts: vec![0, 1] },
    });
    // A series of which nothing but an exemplar is young enough.
    let shown = batch.add_series(series(3));
    batch.samples.push(Sample { series: shown, time: at(-40 * DAY), start_time: None, value: 1.0 });
    batch.exemplars.push(Exemplar {
        series: shown,
        time: at(-60),
        value: 1.0,
        trace_id: None,
        span_id: None,
        attributes: Attributes::new(),
    });
    store.write(batch).await.unwrap();
    let plan = store.admin().plan_retention(&[], NOW).await.unwrap();
    assert_eq!(plan.preview.stored.iter().map(|kept| kept.rows).sum::<u64>(), 5, "{:?}", plan.preview.stored);
    assert_eq!(listed(&store).await.len(), 4);

    retain(&store, at(-30 * DAY)).await;
    assert_eq!(stored(&store).await, BTreeMap::from([((1, at(0).0), 2f64.to_bits())]));
    assert_eq!(listed(&store).await, BTreeSet::from(["m1".to_owned(), "m3".to_owned()]));
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!((statistics.samples, statistics.series), (1, 2));
    let tags = store.metrics().tags(&TagsRequest { metric: String::new(), matchers: vec![] }).await.unwrap();
    let numbers = tags.iter().find(|tag| tag.key == "number").unwrap();
    assert_eq!(numbers.values, ["1", "3"]);

    // It comes back as if it had never been there.
    store.write(one(0, at(5), 7.0)).await.unwrap();
    let expected = BTreeMap::from([((0, at(5).0), 7f64.to_bits()), ((1, at(0).0), 2f64.to_bits())]);
    assert_eq!(stored(&store).await, expected);
    store.admin().seal_now().await.unwrap();
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(stored(&again).await, expected);
    assert_eq!(listed(&again).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn room_for_new_series_is_there_again_when_old_ones_went() {
    let (_folder, store) = open();
    store.admin().limit_series(store::CardinalityLimits { total: 2, ..store::CardinalityLimits::default() });
    store.write(one(0, at(-40 * DAY), 1.0)).await.unwrap();
    store.write(one(1, at(0), 1.0)).await.unwrap();
    assert_eq!(store.accept(one(2, at(0), 1.0)).await.unwrap().dropped, 1);
    retain(&store, at(-30 * DAY)).await;
    assert_eq!(store.accept(one(2, at(0), 1.0)).await.unwrap().dropped, 0);
    assert_eq!(listed(&store).await, BTreeSet::from(["m1".to_owned(), "m2".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_that_is_written_while_it_is_forgotten_loses_nothing() {
    let (folder, store) = open();
    let written: Arc<Mutex<BTreeMap<(u8, i64), u64>>> = Arc::default();
    let writers: Vec<_> = (0..4u8)
        .map(|number| {
            let (store, written) = (store.clone(), Arc::clone(&written));
            tokio::spawn(async move {
                for round in 0..60i64 {
                    // Its only point is old for a moment, then there is a young one that is taken
                    // by the next seal.
                    store.write(one(number, at(-40 * DAY + round), 0.0)).await.unwrap();
                    if round % 3 == i64::from(number) % 3 {
                        let time = at(round);
                        store.write(one(number, time, round as f64)).await.unwrap();
                        written.lock().unwrap().insert((number, time.0), (round as f64).to_bits());
                    }
                }
            })
        })
        .collect();
    let mut passes = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        retain(&store, at(-30 * DAY)).await;
        if passes % 3 == 0 {
            store.admin().seal_now().await.unwrap();
        }
        passes += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    store.admin().seal_now().await.unwrap();
    retain(&store, at(-30 * DAY)).await;
    let written = written.lock().unwrap().clone();
    assert_eq!(stored(&store).await, written, "after {passes} passes");
    store.close().await.unwrap();
    let again = Store::open(folder.path(), StoreOptions { ..small() }).unwrap();
    assert_eq!(stored(&again).await, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_go_with_the_last_that_speaks_for_them() {
    let (folder, store) = open();
    store.write(one(0, at(-40 * DAY), 1.0)).await.unwrap();
    let lasting = log("logged", at(0), "x", Attributes::new());
    let old = log("silent", at(-40 * DAY), "x", Attributes::new());
    store.write(logs(vec![lasting, old])).await.unwrap();
    store.write(spans(vec![span("traced", 1, 1, None, at(0), 5)])).await.unwrap();
    // It has both, and the log record stays.
    let mut both = logs(vec![log("till", at(0), "y", Attributes::new())]);
    both.add_sample(series(3), at(-40 * DAY), 1.0);
    store.write(both).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().resources, 5);
    let limits = [DataKind::Metrics, DataKind::Logs].map(|kind| RetentionLimits {
        kind,
        age: 30 * DAY * NANOS_PER_SECOND,
        minutes_age: None,
        hours_age: None,
        bytes: u64::MAX,
    });
    let plan = store.admin().plan_retention(&limits, at(0)).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!((statistics.resources, statistics.series, statistics.logs), (3, 0, 2));
    assert_eq!(bodies(&store, &Filter::everything()).await.len(), 2);
    // They are there again when they speak again.
    store.write(one(0, at(1), 2.0)).await.unwrap();
    store.write(logs(vec![log("silent", at(1), "z", Attributes::new())])).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().resources, 5);
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(again.admin().statistics().await.unwrap().resources, 5);
    let silent = field("service", FieldOperator::Equal, "silent");
    assert_eq!(bodies(&again, &silent).await, ["z"]);
    let tags = again.metrics().tags(&TagsRequest { metric: "m0".into(), matchers: vec![] }).await.unwrap();
    assert!(tags.iter().any(|tag| tag.key == "service.name" && tag.values == ["shop"]), "{tags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_great_many_series_go_in_one_pass() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    for number in 0..50_500_i64 {
        let name = resource(if number % 2 == 0 { "shop" } else { "till" });
        let many = Series::gauge("many", "", name, Attributes::new().with("number", number / 2));
        batch.add_sample(many, at(-40 * DAY), 1.0);
    }
    store.write(batch).await.unwrap();
    store.write(one(0, at(0), 1.0)).await.unwrap();
    retain(&store, at(-30 * DAY)).await;
    assert_eq!(store.admin().statistics().await.unwrap().series, 1);
}

/// What is done to the store.
#[derive(Debug, Clone)]
enum Deed {
    /// Points of series by number, at a number of hours.
    Write(Vec<(u8, i64, f64)>),
    Seal,
    Compact,
    Reopen,
    /// What is older than an hour goes, cut off before the step of a number if there is one.
    Retain(i64, Option<usize>),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        5 => prop::collection::vec((0u8..5, 0i64..60, 0f64..100.0), 1..30).prop_map(Deed::Write),
        2 => Just(Deed::Seal),
        1 => Just(Deed::Compact),
        1 => Just(Deed::Reopen),
        3 => (0i64..70, prop::option::weighted(0.3, 0usize..8)).prop_map(|(hour, step)| Deed::Retain(hour, step)),
    ]
}

fn hour(hour: i64) -> Timestamp {
    at(0).floor(DAY * NANOS_PER_SECOND).offset((hour - 60) * HOUR * NANOS_PER_SECOND)
}

/// Retains, and gives the folder as it was before a step, if there was that step.
async fn cut_off(store: &Store, folder: &TempDir, oldest: Timestamp, step: usize) -> Option<TempDir> {
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

async fn run(deeds: Vec<Deed>) {
    let (mut folder, mut store) = open();
    let mut model: BTreeMap<(u8, i64), u64> = BTreeMap::new();
    let mut shown: BTreeSet<(String, i64, u64)> = BTreeSet::new();
    for deed in deeds {
        match deed {
            Deed::Write(points) => {
                let mut batch = TelemetryBatch::default();
                for (number, at, value) in points {
                    batch.add_sample(series(number), hour(at), value);
                    model.insert((number, hour(at).0), value.to_bits());
                    if at % 7 == 0 {
                        // Not at the time of a point, which may go before it.
                        let time = hour(at).offset(NANOS_PER_SECOND);
                        batch.exemplars.push(exemplar(series(number).id(), time, value));
                        shown.insert((number.to_string(), time.0, value.to_bits()));
                    }
                }
                store.write(batch).await.unwrap();
            }
            Deed::Seal => store.admin().seal_now().await.unwrap(),
            Deed::Compact => store.admin().compact().await.unwrap(),
            Deed::Reopen => {
                store.close().await.unwrap();
                store = Store::open(folder.path(), small()).unwrap();
            }
            Deed::Retain(oldest, step) => {
                let oldest = hour(oldest);
                if let Some(crashed) = cut_off(&store, &folder, oldest, step.unwrap_or(usize::MAX)).await {
                    store.close().await.unwrap();
                    store = Store::open(crashed.path(), small()).unwrap();
                    folder = crashed;
                    // Nothing young is gone before the pass is made again either.
                    let left = stored(&store).await;
                    assert!(
                        model
                            .iter()
                            .all(|(place, value)| place.1 < oldest.0 || left.get(place) == Some(value))
                    );
                    retain(&store, oldest).await;
                }
                let left = stored(&store).await;
                for (place, value) in &model {
                    assert!(
                        left.get(place) == Some(value) || (place.1 < oldest.0 && !left.contains_key(place))
                    );
                }
                assert!(left.keys().all(|place| model.contains_key(place)), "points nobody wrote");
                model = left;
                let left = all_exemplars(&store).await;
                assert!(left.is_subset(&shown));
                assert!(shown.iter().all(|one| one.1 < oldest.0 || left.contains(one)), "{left:?} {shown:?}");
                shown = left;
                let numbers = model.keys().map(|(number, _)| number.to_string());
                let named: BTreeSet<_> = numbers
                    .chain(shown.iter().map(|(number, ..)| number.clone()))
                    .map(|number| format!("m{number}"))
                    .collect();
                assert_eq!(listed(&store).await, named);
            }
        }
        assert_eq!(stored(&store).await, model);
        assert_eq!(all_exemplars(&store).await, shown);
    }
}

proptest! {
    #![proptest_config(property_config(12))]
    #[test]
    fn what_is_old_goes_and_nothing_else(deeds in prop::collection::vec(deed(), 1..14)) {
        runtime().block_on(run(deeds));
    }
}
