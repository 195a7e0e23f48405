//! Native histograms of a real Prometheus, by remote write and by federation.

use anyhow::{Context as _, ensure};
use collect::{PullHandles, run_scrape};
use config::ScrapeTarget;
use model::{Buckets, HealthState, HistogramPoint, MetricKind, Series, TelemetryBatch, Temporality};
use runtime::{Clock, HealthReporter};
use store::Commit;
use test_support::{
    prometheus_server::Prometheus,
    wait::{TIMEOUT, wait_until},
    write_request::{BucketSpan, Histogram, Label, TimeSeries, WriteRequest},
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::receiver::{Protocol, Receiver};

fn span(offset: i32, length: u32) -> BucketSpan {
    BucketSpan { offset, length }
}

/// Returns each metric with its sent histogram and its stored buckets and count.
fn cases(timestamp: i64) -> Vec<(&'static str, Histogram, Buckets, u64)> {
    let counted = Histogram {
        count: Some(14),
        sum: 9.5,
        schema: 3,
        zero_threshold: 0.001,
        zero_count: Some(2),
        positive_spans: vec![span(-1, 2), span(2, 1)],
        positive_deltas: vec![1, 2, -2],
        negative_spans: vec![span(4, 1)],
        negative_deltas: vec![7],
        timestamp,
        ..Histogram::default()
    };
    let of_counted = Buckets::Exponential {
        scale: 3,
        zero_threshold: 0.001,
        zero_count: 2,
        positive_offset: -2,
        positive: vec![1, 3, 0, 0, 1],
        negative_offset: 3,
        negative: vec![7],
    };
    // The result of a rule that sums: integers, encoded as floats.
    let added = Histogram {
        count_float: Some(5.0),
        sum: 20.25,
        schema: -1,
        zero_threshold: 1e-128,
        zero_count_float: Some(0.0),
        positive_spans: vec![span(1, 2)],
        positive_counts: vec![2.0, 3.0],
        timestamp,
        ..Histogram::default()
    };
    let of_added = Buckets::Exponential {
        scale: -1,
        zero_threshold: 1e-128,
        zero_count: 0,
        positive_offset: 0,
        positive: vec![2, 3],
        negative_offset: 0,
        negative: vec![],
    };
    let waiting = Histogram { reset_hint: 3, ..added.clone() };
    // The result of a rule that divides.
    let rate =
        Histogram { count_float: Some(1.9), sum: 2.5, positive_counts: vec![1.3, 0.6], ..added.clone() };
    let of_rate = Buckets::Exponential {
        scale: -1,
        zero_threshold: 1e-128,
        zero_count: 0,
        positive_offset: 0,
        positive: vec![1, 1],
        negative_offset: 0,
        negative: vec![],
    };
    vec![
        ("latency_seconds", counted, of_counted, 14),
        ("latency_all_seconds", added, of_added.clone(), 5),
        ("waiting_seconds", waiting, of_added, 5),
        ("pace_seconds", rate, of_rate, 2),
    ]
}

fn find<'a>(batch: &'a TelemetryBatch, name: &str) -> Option<(&'a Series, &'a HistogramPoint)> {
    let (id, series) = batch.series.iter().find(|(_, series)| series.name == name)?;
    Some((series, batch.histograms.iter().find(|point| point.series == *id)?))
}

fn assert_same(receiver: &str, batch: &TelemetryBatch, timestamp: i64) {
    for (name, histogram, buckets, count) in cases(timestamp) {
        let (series, point) = find(batch, name).unwrap_or_else(|| panic!("{receiver}: no {name}"));
        assert_eq!(series.kind, MetricKind::ExponentialHistogram, "{receiver} {name}");
        assert_eq!(series.attributes.text("job"), Some("shop"), "{receiver} {name}");
        assert_eq!(series.resource.service(), "shop", "{receiver} {name}");
        assert_eq!(series.unit, "s", "{receiver} {name}");
        assert_eq!(point.buckets, buckets, "{receiver} {name}");
        assert_eq!((point.count, point.sum), (count, Some(histogram.sum)), "{receiver} {name}");
        assert_eq!(point.time.0, timestamp * 1_000_000, "{receiver} {name}");
    }
}

/// Merges commits until every case has arrived.
async fn receive_all(
    commits: &mut broadcast::Receiver<Commit>,
    receiver: &str,
    prometheus: &Prometheus,
) -> TelemetryBatch {
    let mut merged = TelemetryBatch::default();
    let all = async {
        while cases(0).iter().any(|(name, ..)| find(&merged, name).is_none()) {
            for batch in &commits.recv().await.unwrap().telemetry {
                merged.series.extend(batch.series.iter().cloned());
                merged.histograms.extend(batch.histograms.iter().cloned());
            }
        }
    };
    let received = tokio::time::timeout(TIMEOUT, all).await;
    assert!(
        received.is_ok(),
        "{receiver}: {merged:?}
{}",
        prometheus.log()
    );
    merged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_sends_and_exposes_native_histograms() {
    let receiver = Receiver::start(Protocol::RemoteWrite).await;
    let (store, counters) = (&receiver.store, &receiver.counters);
    let mut commits = store.subscribe();
    let prometheus = Prometheus::start_receiver(&receiver.write_url()).unwrap();
    let client = tls::http_client_builder().no_proxy().build().unwrap();
    let base = format!("http://{}", prometheus.address());
    let ready = wait_until("Prometheus is ready", async || {
        Ok(client.get(format!("{base}/-/ready")).send().await?.status().is_success())
    });
    ready.await.with_context(|| prometheus.log()).unwrap();

    let timestamp = Clock::system().now().0 / 1_000_000;
    let series = cases(timestamp)
        .into_iter()
        .map(|(name, histogram, ..)| TimeSeries {
            labels: vec![Label::new("__name__", name), Label::new("job", "shop")],
            histograms: vec![histogram],
            ..TimeSeries::default()
        })
        .collect();
    let message = WriteRequest { series, ..WriteRequest::default() }.compressed();
    let request = client.post(format!("{base}/api/v1/write")).body(message);
    let answer = request.header("content-type", "application/x-protobuf").send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap_or_default());

    let sent = receive_all(&mut commits, "remote write", &prometheus).await;
    assert_same("remote write", &sent, timestamp);
    let temporality = |batch: &TelemetryBatch, name: &str| find(batch, name).unwrap().0.temporality;
    assert_eq!(temporality(&sent, "latency_seconds"), Temporality::Cumulative);
    assert_eq!(temporality(&sent, "latency_all_seconds"), Temporality::Cumulative);
    assert_eq!(counters.rejected_records(), 0, "{}", prometheus.log());

    let mut target = ScrapeTarget::new("federated", &format!("{base}/federate?match[]={{job=\"shop\"}}"));
    target.honor_labels = true;
    let (reporter, done) = (HealthReporter::new("scrape"), CancellationToken::new());
    let scraping = tokio::spawn(run_scrape(
        target,
        PullHandles::new(store.clone(), Clock::system()),
        None,
        reporter.clone(),
        done.clone(),
    ));
    let scraped = receive_all(&mut commits, "federation", &prometheus).await;
    let rounded =
        "native histograms that count in fractions, such as pace_seconds, are rounded to whole measurements";
    assert_eq!(counters.warning(), rounded);
    wait_until("the collector reports the rounding", async || {
        let status = reporter.status();
        ensure!(status.message.ends_with(rounded), "{status:?}");
        Ok(true)
    })
    .await
    .unwrap();
    assert_eq!(reporter.status().state, HealthState::Healthy);
    assert_eq!(temporality(&scraped, "latency_seconds"), Temporality::Cumulative);
    assert_same("federation", &scraped, timestamp);
    for batch in [&sent, &scraped] {
        let (series, _) = find(batch, "waiting_seconds").unwrap();
        assert_eq!((series.temporality, series.monotonic), (Temporality::Delta, false));
    }
    done.cancel();
    tokio::time::timeout(TIMEOUT, scraping).await.unwrap().unwrap();
    drop(prometheus);
    receiver.stop().await;
}
