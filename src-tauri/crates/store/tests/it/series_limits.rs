//! Labels with too many values.

use crate::fixtures::*;
use model::*;
use store::{CardinalityLimit, CardinalityLimits, Store};

fn batch(values: std::ops::Range<i64>) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for value in values {
        let series = Series::gauge("g", "", resource("shop"), Attributes::new().with("user.id", value));
        batch.add_sample(series, at(value), value as f64);
    }
    batch
}

async fn stored(store: &Store) -> (u64, u64) {
    let statistics = store.admin().statistics().await.unwrap();
    (statistics.series, statistics.samples)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exploding_label_is_dropped_and_the_rest_is_stored() {
    let (folder, opened) = open();
    opened.admin().limit_series(CardinalityLimits { values_per_label: 10, ..CardinalityLimits::default() });
    let store = opened.with_source("otlp_grpc");
    drop(opened);
    let accepted = store.accept(batch(0..8)).await.unwrap();
    assert_eq!((accepted.dropped, accepted.reasons.len()), (0, 0));

    let mut mixed = batch(0..1_000);
    mixed.logs.push(log("shop", NOW, "accepted", Attributes::new()));
    let exploding = mixed.series[999].0;
    mixed.histograms.push(HistogramPoint {
        series: exploding,
        time: NOW,
        start_time: None,
        count: 1,
        sum: None,
        min: None,
        max: None,
        buckets: Buckets::Explicit { bounds: vec![1.0], counts: vec![0, 1] },
    });
    mixed.exemplars.push(Exemplar {
        series: exploding,
        time: NOW,
        value: 1.0,
        trace_id: None,
        span_id: None,
        attributes: Attributes::new(),
    });
    let accepted = store.accept(mixed).await.unwrap();
    assert_eq!(accepted.dropped, 990 + 1);
    assert_eq!(accepted.reasons.len(), 1);
    let reason = &accepted.reasons[0];
    assert_eq!((reason.service.as_str(), reason.label.as_str()), ("shop", "user.id"));
    assert_eq!((reason.source.as_str(), reason.limit), ("otlp_grpc", CardinalityLimit::ValuesPerLabel));
    assert_eq!(stored(&store).await, (10, 8 + 10), "points of accepted series are stored");
    assert_eq!(bodies(&store, &Filter::everything()).await, ["accepted"]);
    assert_eq!(store.admin().dropped_series()[0].points, 991);

    let (one, other) = tokio::join!(store.accept(batch(5..15)), store.accept(batch(0..3)));
    assert_eq!(
        (one.unwrap().dropped, other.unwrap().dropped),
        (5, 0),
        "reported to the sender of the dropped points"
    );

    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    again.admin().limit_series(CardinalityLimits { values_per_label: 11, ..CardinalityLimits::default() });
    assert_eq!(again.accept(batch(0..20)).await.unwrap().dropped, 9, "stored series count after a restart");
    again.admin().limit_series(CardinalityLimits::default());
    assert_eq!(again.accept(batch(0..20)).await.unwrap().dropped, 0, "a raised limit applies at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fails_does_not_use_up_the_limit() {
    let (_folder, store) = open();
    store.admin().limit_series(CardinalityLimits { per_service: 10, ..CardinalityLimits::default() });
    let mut bad = batch(0..10);
    bad.samples.push(Sample { series: SeriesId(1), time: NOW, start_time: None, value: 1.0 });
    store.accept(bad).await.unwrap_err();
    assert_eq!(store.accept(batch(10..20)).await.unwrap().dropped, 0);
    assert_eq!(store.accept(batch(20..21)).await.unwrap().dropped, 1);
}
