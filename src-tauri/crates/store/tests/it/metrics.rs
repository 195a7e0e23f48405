//! Samples and the names of metrics through the public surface.

use crate::{
    fixtures::{metrics::counter, *},
    histograms::{explicit, histogram, point},
};
use model::*;

fn points(series: &Series, values: &[(i64, f64)]) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for (seconds, value) in values {
        batch.add_sample(series.clone(), at(*seconds), *value);
    }
    batch
}

async fn by_minute(store: &store::Store, metric: &str) -> Vec<f64> {
    let step = 60 * NANOS_PER_SECOND;
    let range = TimeRange::new(NOW.floor(step), NOW.floor(step).offset(3 * step));
    let read = read_counters(store, metric, range, step).await;
    assert_eq!(read.len(), 1);
    increases(&read[0], range)
}

#[tokio::test]
async fn samples_are_read_with_all_tags() {
    let (_folder, store) = open();
    let values = [(0, 1.5), (1, f64::INFINITY), (2, -0.0)];
    store.write(points(&counter(), &values)).await.unwrap();
    let request = SamplesRequest {
        metric: "requests_total".into(),
        matchers: vec![TagMatcher::equal("service", "shop"), TagMatcher::equal("code", "200")],
        range: around(),
        limit: 10,
    };
    let read = store.metrics().samples(&request).await.unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].labels["service.name"], "shop");
    assert_eq!(read[0].labels["code"], "200");
    assert_eq!(read[0].times, [at(0), at(1), at(2)]);
    assert_eq!(read[0].values, [1.5, f64::INFINITY, 0.0]);
    let newest = store.metrics().samples(&SamplesRequest { limit: 1, ..request }).await.unwrap();
    assert_eq!(newest[0].times, [at(2)]);
    assert_eq!(
        store.metrics().kind("requests_total").await.unwrap(),
        Some((MetricKind::Counter, "1".to_owned()))
    );
    assert_eq!(store.metrics().kind("nothing").await.unwrap(), None);
}

#[tokio::test]
async fn every_matcher_selects_series() {
    let (_folder, store) = open();
    store.write(points(&counter(), &[(0, 1.0)])).await.unwrap();
    for (key, operator, value, expected) in [
        ("code", MatchOperator::Equal, "200", 1),
        ("code", MatchOperator::Equal, "20", 0),
        ("code", MatchOperator::NotEqual, "500", 1),
        ("code", MatchOperator::Regex, "2..", 1),
        ("code", MatchOperator::Regex, "2", 0),
        ("code", MatchOperator::NotRegex, "5..", 1),
        ("absent", MatchOperator::Equal, "", 1),
        ("absent", MatchOperator::Regex, ".*", 1),
        ("absent", MatchOperator::NotEqual, "", 0),
        ("it's \"$['x']", MatchOperator::Equal, "'; DROP TABLE series; --", 0),
    ] {
        let matchers = vec![TagMatcher { key: key.into(), operator, value: value.into() }];
        let request = MetricCatalogRequest { search: "REQ".into(), matchers, limit: 10 };
        let found = store.metrics().catalog(&request).await.unwrap();
        assert_eq!(found.len(), expected, "{key} {operator:?} {value}");
    }
    let bad = TagMatcher { key: "code".into(), operator: MatchOperator::Regex, value: "(".into() };
    let request = MetricCatalogRequest { search: String::new(), matchers: vec![bad], limit: 10 };
    assert!(matches!(
        store.metrics().catalog(&request).await,
        Err(store::StoreError::InvalidRequest(reason)) if reason.contains("regular expression")
    ));
}

#[tokio::test]
async fn counters_increase_from_the_previous_sample_and_through_resets() {
    let (_folder, store) = open();
    let start = NOW.floor(60 * NANOS_PER_SECOND).since(NOW) / NANOS_PER_SECOND;
    let values = [(-30, 100.0), (10, 110.0), (50, 115.0), (70, 5.0), (130, 9.0)]
        .map(|(seconds, value)| (start + seconds, value));
    store.write(points(&counter(), &values)).await.unwrap();
    assert_eq!(by_minute(&store, "requests_total").await, [15.0, 5.0, 4.0]);
}

#[tokio::test]
async fn delta_counters_are_summed() {
    let (_folder, store) = open();
    let start = NOW.floor(60 * NANOS_PER_SECOND).since(NOW) / NANOS_PER_SECOND;
    let series = Series { temporality: Temporality::Delta, ..counter() };
    let values =
        [(-30, 100.0), (10, 3.0), (50, 4.0), (70, 5.0)].map(|(seconds, value)| (start + seconds, value));
    store.write(points(&series, &values)).await.unwrap();
    assert_eq!(by_minute(&store, "requests_total").await, [7.0, 5.0]);
}

#[tokio::test]
async fn unusual_numbers_and_times_are_stored() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let series = Series::gauge("", "", resource(""), Attributes::new().with("", ""));
    for (time, value) in [
        (i64::MIN, f64::MIN),
        (0, f64::NAN),
        (at(10 * 365 * 86_400).0, 1.0),
        (i64::MAX, f64::MAX),
        (i64::MAX, f64::MAX),
        (1, f64::NEG_INFINITY),
    ] {
        batch.add_sample(series.clone(), Timestamp(time), value);
    }
    batch.add_sample(Series::gauge("g", "", resource("x"), Attributes::new()), NOW, f64::NAN);
    batch.add_sample(Series::gauge("g", "", resource("x"), Attributes::new()), NOW, f64::MAX);
    batch.add_sample(Series::gauge("g", "", resource("x"), Attributes::new()), NOW, f64::MAX);
    store.write(batch).await.unwrap();
    assert_eq!(store.admin().statistics().await.unwrap().samples, 9);
    store.admin().seal_now().await.unwrap();
    // Sealing stores each time once, with the last value written.
    assert_eq!(store.admin().statistics().await.unwrap().samples, 6);
    let everything = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    let week = i64::MAX / 1000;
    let read = read_buckets(&store, "g", everything, week).await;
    assert_eq!(read[0].buckets[0].count, 1);
}

#[tokio::test]
async fn staleness_markers_are_stored_bit_for_bit() {
    let (folder, store) = open();
    let series = Series::gauge("g", "", resource("x"), Attributes::new());
    let mut batch = TelemetryBatch::default();
    for second in 0..3000 {
        batch.add_sample(series.clone(), at(second), if second % 3 == 0 { STALE } else { f64::NAN });
    }
    store.write(batch).await.unwrap();
    store.clone().close().await.unwrap();
    drop(store);
    let store = store::Store::open(folder.path(), crate::fixtures::small()).unwrap();
    let request = SamplesRequest {
        metric: "g".into(),
        matchers: vec![],
        range: TimeRange::new(at(0), at(3000)),
        limit: 5000,
    };
    let read = store.metrics().samples(&request).await.unwrap();
    let stale = read[0].values.iter().filter(|value| is_stale(**value)).count();
    assert_eq!((stale, read[0].values.len()), (1000, 3000));
}

#[tokio::test]
async fn metrics_are_found_by_their_prometheus_names() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let duration = Series {
        name: "http.server.request.duration".into(),
        unit: "s".into(),
        ..histogram(Temporality::Cumulative, MetricKind::Histogram)
    };
    let id = batch.add_series(duration);
    batch.histograms.push(point(id, 10, explicit(&[1, 2, 3])));
    batch.add_sample(Series::counter("orders", "{order}", resource("shop"), Attributes::new()), at(10), 4.0);
    batch.add_sample(Series::gauge("taken_bytes", "", resource("shop"), Attributes::new()), at(10), 1.0);
    batch.add_sample(Series::gauge("taken", "By", resource("shop"), Attributes::new()), at(10), 2.0);
    batch.add_sample(Series::gauge("declared.late", "", resource("old"), Attributes::new()), at(10), 3.0);
    batch.add_sample(Series::gauge("declared.late", "By", resource("new"), Attributes::new()), at(10), 4.0);
    store.write(batch).await.unwrap();
    let translated = "http_server_request_duration_seconds";
    assert_eq!(
        store.metrics().kind("orders_total").await.unwrap(),
        Some((MetricKind::Counter, "{order}".into()))
    );
    assert_eq!(store.metrics().kind(translated).await.unwrap().unwrap().0, MetricKind::Histogram);
    let samples = async |metric: &str| {
        let request = SamplesRequest { metric: metric.into(), matchers: vec![], range: around(), limit: 9 };
        store
            .metrics()
            .samples(&request)
            .await
            .unwrap()
            .into_iter()
            .flat_map(|series| series.values)
            .collect::<Vec<_>>()
    };
    assert_eq!(samples("orders_total").await, [4.0]);
    // The exact name wins.
    assert_eq!((samples("taken_bytes").await, samples("taken").await), (vec![1.0], vec![2.0]));
    assert_eq!(samples("declared_late_bytes").await.len(), 2, "a unit that only one series of a metric has");
    for (search, expected) in [
        ("Duration_Seconds", &["http.server.request.duration"][..]),
        ("http_server_request_duration_seconds_Count", &["http.server.request.duration"]),
        ("http.server.request.duration_bucket", &["http.server.request.duration"]),
        ("orders_count", &[]),
    ] {
        let request = MetricCatalogRequest { search: search.into(), matchers: vec![], limit: 9 };
        let found = store.metrics().catalog(&request).await.unwrap();
        let names: Vec<_> = found.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, expected, "{search}");
    }
}
