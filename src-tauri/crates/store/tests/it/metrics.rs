//! Samples and histograms through the public surface.

use crate::fixtures::*;
use model::*;

fn points(series: &Series, values: &[(i64, f64)]) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for (seconds, value) in values {
        batch.add_sample(series.clone(), at(*seconds), *value);
    }
    batch
}

fn counter() -> Series {
    Series::counter("requests_total", "1", resource("shop"), Attributes::new().with("code", 200_i64))
}

async fn increases(store: &store::Store, metric: &str) -> Vec<f64> {
    let step = 60 * NANOS_PER_SECOND;
    let range = TimeRange::new(NOW.floor(step), NOW.floor(step).offset(3 * step));
    let read = read_buckets(store, metric, range, step).await;
    assert_eq!(read.len(), 1);
    read[0].buckets.iter().map(|bucket| bucket.increase).collect()
}

#[tokio::test]
async fn samples_come_back_with_all_tags() {
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
async fn counters_count_from_the_sample_before_and_through_resets() {
    let (_folder, store) = open();
    let start = NOW.floor(60 * NANOS_PER_SECOND).since(NOW) / NANOS_PER_SECOND;
    let values = [(-30, 100.0), (10, 110.0), (50, 115.0), (70, 5.0), (130, 9.0)]
        .map(|(seconds, value)| (start + seconds, value));
    store.write(points(&counter(), &values)).await.unwrap();
    assert_eq!(increases(&store, "requests_total").await, [15.0, 5.0, 4.0]);
}

#[tokio::test]
async fn delta_counters_are_summed() {
    let (_folder, store) = open();
    let start = NOW.floor(60 * NANOS_PER_SECOND).since(NOW) / NANOS_PER_SECOND;
    let series = Series { temporality: Temporality::Delta, ..counter() };
    let values =
        [(-30, 100.0), (10, 3.0), (50, 4.0), (70, 5.0)].map(|(seconds, value)| (start + seconds, value));
    store.write(points(&series, &values)).await.unwrap();
    assert_eq!(increases(&store, "requests_total").await, [7.0, 5.0]);
}

fn histogram(temporality: Temporality, kind: MetricKind) -> Series {
    Series { kind, temporality, ..Series::gauge("duration", "s", resource("shop"), Attributes::new()) }
}

fn point(series: SeriesId, seconds: i64, buckets: Buckets) -> HistogramPoint {
    let count = match &buckets {
        Buckets::Explicit { counts, .. } => counts.iter().sum(),
        Buckets::Exponential { positive, zero_count, .. } => positive.iter().sum::<u64>() + zero_count,
        Buckets::Quantiles(_) => 7,
    };
    let sum = Some(count as f64);
    HistogramPoint {
        series,
        time: at(seconds),
        start_time: None,
        count,
        sum,
        min: None,
        max: Some(9.0),
        buckets,
    }
}

fn explicit(counts: &[u64]) -> Buckets {
    Buckets::Explicit { bounds: vec![0.1, 1.0], counts: counts.to_vec() }
}

async fn steps(store: &store::Store) -> Vec<HistogramStep> {
    let range = TimeRange::new(at(0), at(600));
    let read = read_histograms(store, "duration", range, 600 * NANOS_PER_SECOND).await;
    read.into_iter().flat_map(|series| series.steps).collect()
}

#[tokio::test]
async fn cumulative_histograms_are_subtracted_and_survive_resets() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Cumulative, MetricKind::Histogram));
    for (seconds, counts) in [(-10, [5, 5, 5]), (10, [6, 7, 5]), (20, [1, 0, 1]), (30, [1, 2, 1])] {
        batch.histograms.push(point(id, seconds, explicit(&counts)));
    }
    store.write(batch).await.unwrap();
    let steps = steps(&store).await;
    let mut counts = vec![0.0; 3];
    for step in &steps {
        assert_eq!(step.bounds, [0.1, 1.0]);
        counts.iter_mut().zip(&step.counts).for_each(|(total, count)| *total += count);
    }
    assert_eq!(counts, [2.0, 4.0, 1.0]);
    assert_eq!(steps.iter().map(|step| step.count).sum::<f64>(), 7.0);
}

#[tokio::test]
async fn delta_exponential_histograms_get_explicit_bounds() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Delta, MetricKind::ExponentialHistogram));
    let buckets = |scale, positive: Vec<u64>| Buckets::Exponential {
        scale,
        zero_threshold: 0.0,
        zero_count: 1,
        positive_offset: 0,
        positive,
        negative_offset: 0,
        negative: Vec::new(),
    };
    batch.histograms.push(point(id, 10, buckets(1, vec![1, 1, 1, 1])));
    batch.histograms.push(point(id, 11, buckets(0, vec![2, 3])));
    store.write(batch).await.unwrap();
    let steps = steps(&store).await;
    let total: f64 = steps.iter().flat_map(|step| &step.counts).sum();
    assert_eq!(total, 11.0);
    assert!(steps.iter().all(|step| step.max == Some(9.0)));
}

#[tokio::test]
async fn broken_histograms_and_summaries_harm_nothing() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Delta, MetricKind::Histogram));
    // More than one vector of the database, with lists of every length.
    for index in 0..5000_u64 {
        let bounds = (0..index % 7).map(|bound| if bound == 3 { f64::NAN } else { bound as f64 }).collect();
        let counts = (0..index % 5).collect();
        batch.histograms.push(point(id, 10, Buckets::Explicit { bounds, counts }));
    }
    batch.histograms.push(point(id, 10, Buckets::Quantiles(vec![(0.5, 1.0)])));
    batch.histograms.push(HistogramPoint {
        count: u64::MAX,
        ..point(id, 10, explicit(&[u64::MAX, u64::MAX / 2, 0][..1]))
    });
    store.write(batch).await.unwrap();
    for step in steps(&store).await {
        assert_eq!(step.counts.len(), step.bounds.len() + 1);
    }
}

#[tokio::test]
async fn strange_numbers_and_times_are_kept() {
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
    // Each time is kept once, the last that was written.
    assert_eq!(store.admin().statistics().await.unwrap().samples, 6);
    let everything = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    let week = i64::MAX / 1000;
    let read = read_buckets(&store, "g", everything, week).await;
    assert_eq!(read[0].buckets[0].count, 1);
}

#[tokio::test]
async fn the_marker_of_a_series_end_is_kept_to_the_bit() {
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
async fn metrics_are_found_under_the_names_prometheus_would_give_them() {
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
    // The very name wins.
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

#[tokio::test]
async fn exemplars_come_back_newest_first_with_their_traces() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(counter());
    for second in 0..5 {
        batch.exemplars.push(Exemplar {
            series: id,
            time: at(second),
            value: second as f64,
            trace_id: (second != 3).then_some(TraceId([7; 16])),
            span_id: Some(SpanId([9; 8])),
            attributes: Attributes::new().with("user", "eve"),
        });
    }
    store.write(batch).await.unwrap();
    let request = ExemplarsRequest {
        metric: "requests_total".into(),
        matchers: vec![],
        range: TimeRange::new(at(2), at(100)),
        limit: 3,
    };
    let read = store.metrics().exemplars(&request).await.unwrap();
    assert_eq!(read.iter().map(|exemplar| exemplar.value).collect::<Vec<_>>(), [4.0, 3.0, 2.0]);
    assert_eq!((read[0].trace_id, read[1].trace_id), (Some(TraceId([7; 16])), None));
    assert_eq!((read[0].span_id, read[0].attributes.text("user")), (Some(SpanId([9; 8])), Some("eve")));
    assert_eq!(read[0].labels["service.name"], "shop");
}

#[tokio::test]
async fn of_many_exemplars_the_outliers_of_the_whole_range_are_kept() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(counter());
    for second in 0..1000 {
        let value = if second % 100 == 7 { 50.0 } else { 1.0 };
        let (trace_id, span_id, attributes) = (None, None, Attributes::new());
        batch.exemplars.push(Exemplar { series: id, time: at(second), value, trace_id, span_id, attributes });
    }
    store.write(batch).await.unwrap();
    let ask =
        |range, limit| ExemplarsRequest { metric: "requests_total".into(), matchers: vec![], range, limit };
    let read = store.metrics().exemplars(&ask(TimeRange::new(at(0), at(1000)), 40)).await.unwrap();
    assert_eq!(read.len(), 40);
    assert!(read.is_sorted_by_key(|exemplar| std::cmp::Reverse(exemplar.time)));
    assert_eq!(read.iter().filter(|exemplar| exemplar.value == 50.0).count(), 10);
    let seconds = |from, to| read.iter().filter(|e| (at(from)..at(to)).contains(&e.time)).count();
    assert!(seconds(0, 500) >= 10 && seconds(500, 1000) >= 10, "not all from one end");
    let ever = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    assert_eq!(store.metrics().exemplars(&ask(ever, 1)).await.unwrap()[0].value, 50.0);
    assert!(store.metrics().exemplars(&ask(ever, 0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn summaries_have_their_latest_quantiles_and_their_increase() {
    let (_folder, store) = open();
    let mut batch = TelemetryBatch::default();
    let id = batch.add_series(histogram(Temporality::Unspecified, MetricKind::Summary));
    for (seconds, value) in [(10, 1.0), (20, 3.0)] {
        let quantiles = Buckets::Quantiles(vec![(0.5, value), (0.99, value * 2.0)]);
        batch.histograms.push(HistogramPoint { count: seconds as u64, ..point(id, seconds, quantiles) });
    }
    // The marker of its end has no data.
    let ended = HistogramPoint { count: 0, sum: Some(STALE), ..point(id, 30, Buckets::Quantiles(vec![])) };
    batch.histograms.push(ended);
    store.write(batch).await.unwrap();
    let steps = steps(&store).await;
    let last = steps.last().unwrap();
    assert_eq!((last.count, last.quantiles.as_slice()), (10.0, &[(0.5, 3.0), (0.99, 6.0)][..]));
}
