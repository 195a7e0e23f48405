//! A real Prometheus delivers its scrapes, and the store contains the same samples.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::Context as _;
use model::{
    MatchOperator, MetricCatalogRequest, MetricKind, SamplesRequest, SeriesPoints, TagMatcher, TimeRange,
    Timestamp, is_stale,
};
use runtime::Clock;
use store::Store;
use test_support::{prometheus_server::Prometheus, wait::wait_until};
use tokio::net::TcpListener;

use crate::receiver::{Protocol, Receiver};

fn now() -> Timestamp {
    Clock::system().now()
}

async fn samples(store: &Store, metric: &str) -> Vec<SeriesPoints> {
    let request = SamplesRequest {
        metric: metric.to_owned(),
        matchers: vec![],
        range: TimeRange::new(now().offset(-3_600_000_000_000), now().offset(60_000_000_000)),
        limit: 10_000,
    };
    store.metrics().samples(&request).await.unwrap()
}

async fn wait_for_delivery(condition: &str, prometheus: &Prometheus, mut holds: impl AsyncFnMut() -> bool) {
    let waited = wait_until(condition, async || Ok(holds().await)).await;
    waited.with_context(|| prometheus.log()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_delivers_its_scrapes() {
    let receiver = Receiver::start(Protocol::RemoteWrite).await;
    let (store, counters) = (&receiver.store, &receiver.counters);
    let prometheus = Prometheus::start(&receiver.write_url()).unwrap();

    wait_for_delivery("series are scraped", &prometheus, async || {
        samples(store, "prometheus_http_requests_total").await.iter().any(|series| series.values.len() > 3)
    })
    .await;
    let up = samples(store, "up").await;
    assert_eq!(up.len(), 1);
    assert_eq!(up[0].labels["service.name"], "prometheus");
    assert_eq!(up[0].labels["instance"], prometheus.address());
    assert!(up[0].values.iter().all(|value| *value == 1.0));

    // Prometheus answers the same query: the last value of a series that does not change.
    let client = tls::http_client_builder().no_proxy().build().unwrap();
    let query_url =
        format!("http://{}/api/v1/query?query=go_gc_duration_seconds_count", prometheus.address());
    let theirs: serde_json::Value = client.get(query_url).send().await.unwrap().json().await.unwrap();
    let theirs: f64 = theirs["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap();
    wait_for_delivery("the count is the same", &prometheus, async || {
        samples(store, "go_gc_duration_seconds_count").await[0].values.iter().any(|value| *value >= theirs)
    })
    .await;

    // Kinds come from metadata or names.
    wait_for_delivery("the kinds are known", &prometheus, async || {
        let request =
            MetricCatalogRequest { search: "prometheus_".to_owned(), matchers: vec![], limit: 10_000 };
        let catalog = store.metrics().catalog(&request).await.unwrap();
        let kind = |name: &str| catalog.iter().find(|metric| metric.name == name).map(|metric| metric.kind);
        kind("prometheus_http_requests_total") == Some(MetricKind::Counter)
            && kind("prometheus_http_request_duration_seconds") == Some(MetricKind::Histogram)
            && kind("prometheus_build_info") == Some(MetricKind::Gauge)
    })
    .await;

    let window = || TimeRange::new(now().offset(-300_000_000_000), now().offset(60_000_000_000));
    let job =
        TagMatcher { key: "job".to_owned(), operator: MatchOperator::Equal, value: "prometheus".to_owned() };
    let last = async || {
        let matchers = [job.clone()];
        let snapshot = store.snapshot(window()).await.unwrap();
        let answer = query::instant(&snapshot, "up", &matchers, model::Aggregation::Last, &[], window());
        answer.await.unwrap().values
    };
    assert_eq!(last().await[0].1, 1.0);
    prometheus.remove_targets().unwrap();
    wait_for_delivery("the series ends", &prometheus, async || {
        samples(store, "up").await[0].values.last().copied().is_some_and(is_stale)
    })
    .await;
    assert!(last().await.is_empty(), "an ended series has no last value");

    let (received, refused, _) = counters.snapshot();
    assert_eq!((refused, counters.rejected_records()), (0, 0), "{}", prometheus.log());
    assert!(received.samples > 1000);
    drop(prometheus);
    receiver.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_one_series_before_and_after_its_metadata() {
    let receiver = Receiver::start(Protocol::RemoteWrite).await;
    let store = &receiver.store;
    let prometheus = Prometheus::start(&receiver.write_url()).unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let answer =
        async move || format!("# TYPE forks counter\nforks {}\n", next.fetch_add(1, Ordering::Relaxed));
    let routes = axum::Router::new().route("/metrics", axum::routing::get(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    prometheus.add_target(&listener.local_addr().unwrap().to_string()).unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let kind = async || store.metrics().kind("forks").await.unwrap().map(|(kind, _)| kind);
    wait_for_delivery("the first sample arrives", &prometheus, async || kind().await.is_some()).await;
    wait_for_delivery("the type arrives", &prometheus, async || kind().await == Some(MetricKind::Counter))
        .await;
    wait_for_delivery("more samples arrive", &prometheus, async || {
        samples(store, "forks").await[0].values.len() > 10
    })
    .await;
    let read = samples(store, "forks").await;
    assert_eq!(read.len(), 1);
    // No sample is missing, not even the first one, which arrived before its metadata.
    let expected: Vec<f64> = (0..read[0].values.len()).map(|number| number as f64).collect();
    assert_eq!(read[0].values, expected);
    let range = TimeRange::new(now().offset(-300_000_000_000), now().offset(60_000_000_000));
    let forks = store.metrics().select("forks", &[], range).await.unwrap();
    let buckets = forks.counters(3_600_000_000_000).await.unwrap();
    let increase: f64 = buckets[0].buckets.iter().map(|bucket| bucket.gain + bucket.increase).sum();
    assert!(buckets.len() == 1 && increase >= expected.len() as f64 - 1.0, "{buckets:?}");
    receiver.stop().await;
}
