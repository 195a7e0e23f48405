//! Retention of unsealed points, and garbage collection of series and resources.

mod against_model;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use crate::fixtures::*;
use model::*;
use store::Store;

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

/// Reads the value of every stored point, by series and time.
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

/// Deletes points older than a time.
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
async fn a_replaced_value_does_not_return_when_the_newer_one_expires() {
    let (_folder, store) = open();
    let day = at(-40 * DAY).floor(DAY * NANOS_PER_SECOND);
    let (old, recent) = (day.offset(HOUR * NANOS_PER_SECOND), day.offset(6 * HOUR * NANOS_PER_SECOND));
    store.write(one(0, old, 1.0)).await.unwrap();
    // Another service shares the segment.
    store.write(one(4, recent, 2.0)).await.unwrap();
    store.admin().seal_now().await.unwrap();
    store.write(one(0, old, 3.0)).await.unwrap();
    retain(&store, recent).await;
    let left = stored(&store).await;
    assert_ne!(left.get(&(0, old.0)), Some(&1f64.to_bits()));
    assert_eq!(left.get(&(4, recent.0)), Some(&2f64.to_bits()));
    store.admin().seal_now().await.unwrap();
    assert_eq!(stored(&store).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsealed_points_expire_and_series_are_deleted_with_their_last_point() {
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
    // A series with an exemplar as its only recent record.
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
    assert_eq!(
        plan.preview.stored.iter().map(|stored| stored.rows).sum::<u64>(),
        5,
        "{:?}",
        plan.preview.stored
    );
    assert_eq!(listed(&store).await.len(), 4);

    retain(&store, at(-30 * DAY)).await;
    assert_eq!(stored(&store).await, BTreeMap::from([((1, at(0).0), 2f64.to_bits())]));
    assert_eq!(listed(&store).await, BTreeSet::from(["m1".to_owned(), "m3".to_owned()]));
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!((statistics.samples, statistics.series), (1, 2));
    let tags = store.metrics().tags(&TagsRequest { metric: String::new(), matchers: vec![] }).await.unwrap();
    let numbers = tags.iter().find(|tag| tag.key == "number").unwrap();
    assert_eq!(numbers.values, ["1", "3"]);

    // A deleted series can be written again.
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
async fn expired_series_no_longer_count_towards_the_limit() {
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
async fn a_series_that_is_written_during_its_garbage_collection_loses_nothing() {
    let (folder, store) = open();
    let written: Arc<Mutex<BTreeMap<(u8, i64), u64>>> = Arc::default();
    let writers: Vec<_> = (0..4u8)
        .map(|number| {
            let (store, written) = (store.clone(), Arc::clone(&written));
            tokio::spawn(async move {
                for round in 0..60i64 {
                    // Its only point is old at first. Then a recent one is written, which the next
                    // seal takes.
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
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(stored(&again).await, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_deleted_with_their_last_reference() {
    let (folder, store) = open();
    store.write(one(0, at(-40 * DAY), 1.0)).await.unwrap();
    let recent = log("logged", at(0), "x", Attributes::new());
    let old = log("silent", at(-40 * DAY), "x", Attributes::new());
    store.write(logs(vec![recent, old])).await.unwrap();
    store.write(spans(vec![span("traced", 1, 1, None, at(0), 5)])).await.unwrap();
    // This resource has a series and a log record. The log record is retained.
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
    // They are stored again with new records.
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
async fn more_series_than_one_statement_takes_are_deleted_in_one_pass() {
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
