//! Scraping real and hostile servers into a real store.

use std::{convert::Infallible, io::Write, net::SocketAddr, time::Duration};

use crate::common::{Bench, value, values};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use collect::{PullHandles, run_scrape};
use config::ScrapeTarget;
use model::{DataKind, HealthState, MetricKind, NANOS_PER_SECOND, RetentionLimits, TelemetryBatch};
use runtime::{Clock, ManualClock};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

const METRICS: &str = "# TYPE requests_total counter\nrequests_total{code=\"200\",job=\"theirs\"} 7\n\
    # TYPE took_seconds histogram\ntook_seconds_bucket{le=\"1\"} 2\ntook_seconds_bucket{le=\"+Inf\"} 3\n\
    took_seconds_sum 4\ntook_seconds_count 3\n";

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn endless() -> Body {
    let piece = Bytes::from("a_metric_name_that_is_fairly_long 1\n".repeat(2_000));
    Body::from_stream(futures_util::stream::repeat_with(move || Ok::<_, Infallible>(piece.clone())))
}

fn router() -> Router {
    Router::new()
        .route("/metrics", get(|| async { METRICS }))
        .route("/old", get(|| async { Redirect::temporary("/metrics") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/gzip", get(|| async { compressed(METRICS.as_bytes()) }))
        .route("/bomb", get(|| async { compressed(&vec![b'\n'; 80 << 20]) }))
        .route("/broken-gzip", get(|| async { ([(header::CONTENT_ENCODING, "gzip")], "not gzip") }))
        .route("/slow", get(std::future::pending::<()>))
        .route("/endless", get(|| async { endless() }))
        .route("/many", get(|| async { "a 1\n".repeat(500_001) }))
        .route("/html", get(|| async { "<html>hello</html>" }))
        .route("/bad", get(|| async { "good 1\n\nbad{x=} 1\n" }))
        .route("/bytes", get(|| async { vec![0xff_u8, 0xfe, 0x0a] }))
        .route("/empty", get(|| async { "" }))
        .route("/failing", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/password", get(password))
}

async fn password(headers: HeaderMap) -> impl IntoResponse {
    match headers.get(header::AUTHORIZATION) {
        Some(_) => (StatusCode::OK, METRICS),
        None => (StatusCode::UNAUTHORIZED, ""),
    }
}

fn compressed(bytes: &[u8]) -> impl IntoResponse + use<> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    ([(header::CONTENT_ENCODING, "gzip")], encoder.finish().unwrap())
}

async fn scrape(url: &str) -> (TelemetryBatch, HealthState, String) {
    let mut bench = Bench::new();
    let mut target = ScrapeTarget::new("node", url);
    target.interval_seconds = 60;
    target.timeout_seconds = if url.ends_with("/slow") { 2 } else { 40 };
    target.labels.insert("room".to_owned(), "lab".to_owned());
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(target, PullHandles::new(store, Clock::system()), None, reporter, stop));
    let batch = bench.next_commit().await;
    let status = bench.first_status().await;
    bench.stop().await;
    (batch, status.state, status.message)
}

#[tokio::test]
async fn metrics_are_stored_with_the_labels_of_the_target() {
    let address = serve(router()).await;
    for path in ["metrics", "old", "gzip"] {
        let (batch, state, message) = scrape(&format!("http://{address}/{path}")).await;
        assert_eq!((state, message.as_str()), (HealthState::Healthy, ""), "{path}");
        assert_eq!((value(&batch, "up"), value(&batch, "scrape_samples_scraped")), (1.0, 5.0));
        assert!(value(&batch, "scrape_duration_seconds") > 0.0);
        let (series, requests) = values(&batch, "requests_total").remove(0);
        assert_eq!((series.kind, requests), (MetricKind::Counter, 7.0));
        for (label, expected) in
            [("job", "node"), ("exported_job", "theirs"), ("room", "lab"), ("code", "200")]
        {
            assert_eq!(series.attributes.text(label), Some(expected));
        }
        assert_eq!(series.attributes.text("instance"), Some(address.to_string().as_str()));
        assert_eq!(series.resource.service(), "node");
        assert_eq!(batch.histograms[0].count, 3);
    }
}

#[tokio::test]
async fn every_failure_is_reported_and_leaves_up_at_zero() {
    let address = serve(router()).await;
    for (path, expected) in [
        ("slow", "within 2 s"),
        ("endless", "larger than 64 MiB"),
        ("bomb", "larger than 64 MiB"),
        ("broken-gzip", "ended early"),
        ("round", "redirect"),
        ("many", "more than 500000 samples"),
        ("html", "line 1"),
        ("bad", "line 3"),
        ("bytes", "line 1: "),
        ("failing", "500"),
        ("password", "401"),
    ] {
        let (batch, state, message) = scrape(&format!("http://{address}/{path}")).await;
        assert_eq!((value(&batch, "up"), batch.len()), (0.0, 8), "{path}");
        assert_eq!(state, HealthState::Degraded);
        assert!(message.contains(expected), "{path}: {message}");
        let bytes = match path {
            "endless" | "bomb" => -1.0,
            "html" => 18.0,
            "bytes" => 3.0,
            "failing" | "slow" => 0.0,
            _ => continue,
        };
        assert_eq!(value(&batch, "scrape_body_size_bytes"), bytes, "{path}");
    }
    let (batch, state, _) = scrape(&format!("http://{address}/empty")).await;
    assert_eq!((value(&batch, "up"), state), (1.0, HealthState::Healthy));
}

#[tokio::test]
async fn a_scrape_beyond_its_sample_limit_counts_all_samples() {
    let mut bench = Bench::new();
    let mut target = ScrapeTarget::new("node", &format!("http://{}/metrics", serve(router()).await));
    target.sample_limit = 2;
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(target, PullHandles::new(store, Clock::system()), None, reporter, stop));
    let batch = bench.next_commit().await;
    bench.stop().await;
    for (name, expected) in [
        ("up", 0.0),
        ("scrape_samples_scraped", 5.0),
        ("scrape_samples_post_metric_relabeling", 5.0),
        ("scrape_sample_limit", 2.0),
        ("scrape_body_size_bytes", METRICS.len() as f64),
    ] {
        assert_eq!(value(&batch, name), expected, "{name}");
    }
}

#[tokio::test]
async fn an_unreachable_target_is_reported_without_its_password() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (batch, _, message) = scrape(&format!("http://user:s3cret@{address}/metrics")).await;
    assert_eq!(value(&batch, "up"), 0.0);
    assert!(message.contains("cannot be reached") && !message.contains("s3cret"), "{message}");
    assert!(batch.series.iter().all(|(_, series)| !series.attributes.to_json().contains("s3cret")));
    let address = serve(router()).await;
    let (batch, ..) = scrape(&format!("http://user:s3cret@{address}/password")).await;
    assert_eq!(value(&batch, "up"), 1.0);
}

#[tokio::test]
async fn a_slow_target_is_scraped_at_even_distances() {
    const STEP: Duration = Duration::from_millis(100);
    let time = ManualClock::new(Clock::system().now());
    let (requested, mut requests) = mpsc::unbounded_channel();
    let lazy = move || {
        let requested = requested.clone();
        async move {
            let (answer, answered) = oneshot::channel::<()>();
            let is_requested = requested.send(answer).is_ok();
            let is_answered = answered.await.is_ok();
            if is_requested && is_answered { METRICS } else { "" }
        }
    };
    let address = serve(Router::new().route("/lazy", get(lazy))).await;
    let mut bench = Bench::new();
    let mut target = ScrapeTarget::new("node", &format!("http://{address}/lazy"));
    (target.interval_seconds, target.timeout_seconds) = (10, 10);
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(target, PullHandles::new(store, time.clock()), None, reporter, stop));
    // The time moves in steps until the target is requested. The answer then takes six seconds.
    let passing = AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            match tokio::time::timeout(STEP / 5, requests.recv()).await {
                Ok(Some(answer)) => {
                    time.advance(Duration::from_secs(6));
                    // The scrape may have timed out.
                    let _ = answer.send(());
                }
                Ok(None) => return,
                Err(_) => time.advance(STEP),
            }
        }
    }));
    let (mut before, mut even) = (None, 0);
    // A busy machine makes single scrapes late; by chance no two distances are whole intervals to
    // the nanosecond.
    while even < 3 {
        let batch = bench.next_commit().await;
        let (up, _) = values(&batch, "up").remove(0);
        let time = batch.samples.iter().find(|sample| sample.series == up.id()).unwrap().time;
        let step = time.since(before.replace(time).unwrap_or(time));
        even += i32::from(step > 0 && step % (10 * NANOS_PER_SECOND) == 0);
        assert_eq!(time.0 % 1_000_000, 0, "times lie on whole milliseconds");
    }
    drop(passing);
    bench.stop().await;
}

/// Lets time pass until a scrape is committed. Returns the number of series that it describes.
async fn described_by_next_scrape(bench: &mut Bench, time: &ManualClock) -> usize {
    loop {
        time.advance(Duration::from_millis(100));
        let Ok(commit) = tokio::time::timeout(Duration::from_millis(20), bench.commits.recv()).await else {
            continue;
        };
        let commit = commit.unwrap();
        if !commit.telemetry.is_empty() {
            return commit.telemetry.iter().map(|batch| batch.series.len()).sum();
        }
    }
}

#[tokio::test]
async fn a_series_is_described_once_and_again_after_the_store_removed_it() {
    // A counter, a histogram and the eight series of the report.
    const SERIES: usize = 10;
    let time = ManualClock::new(Clock::system().now());
    let mut bench = Bench::new();
    let mut target = ScrapeTarget::new("node", &format!("http://{}/metrics", serve(router()).await));
    (target.interval_seconds, target.timeout_seconds) = (10, 10);
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(target, PullHandles::new(store.clone(), time.clock()), None, reporter, stop));
    assert_eq!(described_by_next_scrape(&mut bench, &time).await, SERIES);
    assert_eq!(described_by_next_scrape(&mut bench, &time).await, 0);

    store.admin().seal_now().await.unwrap();
    let nothing =
        RetentionLimits { kind: DataKind::Metrics, age: 0, minutes_age: None, hours_age: None, bytes: 0 };
    let in_ten_days = time.clock().now().offset(10 * 86_400 * NANOS_PER_SECOND);
    let plan = store.admin().plan_retention(&[nothing], in_ten_days).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
    let stored = || async { store.admin().statistics().await.unwrap() };
    assert_eq!((stored().await.samples, stored().await.series), (0, 0));

    assert_eq!(described_by_next_scrape(&mut bench, &time).await, SERIES);
    assert_eq!((stored().await.samples, stored().await.series), (SERIES as u64, SERIES as u64));
    assert_eq!(described_by_next_scrape(&mut bench, &time).await, 0);
    bench.wait_for_status(|status| status.state == HealthState::Healthy).await;
    bench.stop().await;
}
