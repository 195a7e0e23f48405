//! Scrapes of the official client libraries for Python and JavaScript: every metric type, as
//! OpenMetrics and as text.

use std::{process::Stdio, time::Duration};

use collect::{PullHandles, run_scrape};
use config::ScrapeTarget;
use model::{Buckets, MetricKind, Series, TelemetryBatch, Timestamp};
use runtime::{Clock, HealthReporter};
use store::{Store, StoreOptions};
use test_support::clients::{Language, client};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

/// Time limit of a client, whose first run installs packages.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(600);

/// Returns the first scrape of `settings`.
async fn scrape(settings: ScrapeTarget) -> TelemetryBatch {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let mut commits = store.subscribe();
    let (reporter, stop) = (HealthReporter::new("scrape"), CancellationToken::new());
    let scraping = tokio::spawn(run_scrape(
        settings,
        PullHandles::new(store, Clock::system()),
        None,
        reporter.clone(),
        stop.clone(),
    ));
    let commit = tokio::time::timeout(INSTALL_TIMEOUT, commits.recv()).await.unwrap().unwrap();
    stop.cancel();
    tokio::time::timeout(INSTALL_TIMEOUT, scraping).await.unwrap().unwrap();
    assert_eq!(reporter.status().message, "");
    commit.telemetry[0].as_ref().clone()
}

fn series<'a>(batch: &'a TelemetryBatch, name: &str, label: (&str, &str)) -> &'a Series {
    let found = batch
        .series
        .iter()
        .find(|(_, series)| series.name == name && series.attributes.text(label.0) == Some(label.1));
    &found.unwrap_or_else(|| panic!("no {name} {label:?}")).1
}

fn sample(batch: &TelemetryBatch, series: &Series) -> (f64, Option<Timestamp>) {
    let id = series.id();
    let found = batch.samples.iter().find(|sample| sample.series == id).unwrap();
    (found.value, found.start_time)
}

/// Starts a program that exposes metrics, and returns its address.
async fn exposer(language: Language, script: &'static str) -> (Child, String) {
    let command = tokio::task::spawn_blocking(move || client(language, script)).await.unwrap().unwrap();
    let mut exposed = Command::from(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(exposed.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(INSTALL_TIMEOUT, lines.next_line()).await.unwrap().unwrap();
    (exposed, format!("http://127.0.0.1:{}", line.unwrap()))
}

#[tokio::test]
async fn every_type_of_the_python_library_arrives() {
    let (_exposed, address) = exposer(Language::Python, "exposed.py").await;
    let url = format!("{address}/metrics");
    let batch = scrape(ScrapeTarget::new("python", &url)).await;
    let target = ("job", "python");
    let orders = series(&batch, "orders_total", ("shop", "north"));
    assert_eq!((orders.kind, orders.description.as_str()), (MetricKind::Counter, "Orders taken"));
    let (value, started) = sample(&batch, orders);
    assert_eq!(value, 5.0);
    assert!(started.is_some_and(|time| time.0 > 1_500_000_000_000_000_000), "OpenMetrics has the start time");
    assert_eq!(sample(&batch, series(&batch, "orders_total", ("shop", "so\"uth\\\n"))).0, 2.0);
    let queue = series(&batch, "queue_bytes", target);
    assert_eq!((queue.kind, queue.unit.as_str(), sample(&batch, queue).0), (MetricKind::Gauge, "By", 1.5));
    assert_eq!(sample(&batch, series(&batch, "build_info", ("version", "1.2"))).0, 1.0);
    assert_eq!(sample(&batch, series(&batch, "state", ("state", "running"))).0, 1.0);
    assert_eq!(sample(&batch, series(&batch, "state", ("state", "starting"))).0, 0.0);
    let took = series(&batch, "took_seconds", target);
    let point = batch.histograms.iter().find(|point| point.series == took.id()).unwrap();
    assert_eq!((took.kind, point.count, point.sum), (MetricKind::Histogram, 3, Some(55.05)));
    assert_eq!(point.buckets, Buckets::Explicit { bounds: vec![0.1, 1.0, 10.0], counts: vec![1, 0, 1, 1] });
    assert!(point.start_time.is_some());
    let size = series(&batch, "size", target);
    let summary = batch.histograms.iter().find(|point| point.series == size.id()).unwrap();
    assert_eq!((size.kind, summary.count, summary.sum), (MetricKind::Summary, 2, Some(7.0)));
    assert_eq!(batch.exemplars.len(), 2);
    let of_took = batch.exemplars.iter().find(|exemplar| exemplar.series == took.id()).unwrap();
    assert_eq!(of_took.value, 5.0);
    assert_eq!(of_took.trace_id.unwrap().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(of_took.span_id.unwrap().to_string(), "00f067aa0ba902b7");
    assert_eq!(of_took.attributes.text("user"), Some("u"));

    // The text format has the same metrics without the features of OpenMetrics.
    let text = tls::http_client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("# TYPE orders_total counter"), "{text}");
    let plain = axum::Router::new().route("/metrics", axum::routing::get(move || async { text }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_url = format!("http://{}/metrics", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, plain).await });
    let batch = scrape(ScrapeTarget::new("python", &plain_url)).await;
    let orders = series(&batch, "orders_total", ("shop", "north"));
    assert_eq!(sample(&batch, orders), (5.0, None));
    assert_eq!((batch.histograms.len(), batch.exemplars.len()), (2, 0));
}

#[tokio::test]
async fn every_type_of_the_javascript_library_arrives() {
    let (_exposed, address) = exposer(Language::JavaScript, "exposed.mjs").await;
    for (page, total, is_open) in [("/metrics", "forks_total", true), ("/text", "forks", false)] {
        let batch = scrape(ScrapeTarget::new("node", &format!("{address}{page}"))).await;
        let target = ("job", "node");
        let orders = series(&batch, "orders_total", ("shop", "north"));
        assert_eq!((orders.kind, orders.description.as_str()), (MetricKind::Counter, "Orders taken"));
        assert_eq!(sample(&batch, orders), (5.0, None));
        assert_eq!(sample(&batch, series(&batch, "orders_total", ("shop", "so\"uth\\\n"))).0, 2.0);
        let forks = series(&batch, total, target);
        assert_eq!((forks.kind, sample(&batch, forks).0), (MetricKind::Counter, 3.0));
        let queue = series(&batch, "queue_bytes", target);
        assert_eq!(
            (queue.kind, queue.unit.as_str(), sample(&batch, queue).0),
            (MetricKind::Gauge, "By", 1.5)
        );
        let took = series(&batch, "took_seconds", ("route", "/"));
        let point = batch.histograms.iter().find(|point| point.series == took.id()).unwrap();
        assert_eq!((took.kind, point.count, point.sum), (MetricKind::Histogram, 3, Some(55.05)));
        let expected = Buckets::Explicit { bounds: vec![0.1, 1.0, 10.0], counts: vec![1, 0, 1, 1] };
        assert_eq!(point.buckets, expected);
        let size = series(&batch, "size", target);
        let summary = batch.histograms.iter().find(|point| point.series == size.id()).unwrap();
        assert_eq!((size.kind, summary.count, summary.sum), (MetricKind::Summary, 2, Some(7.0)));
        assert_eq!(summary.buckets, Buckets::Quantiles(vec![(0.5, 3.5), (0.9, 4.0)]));
        // A default metric of the library: a gauge although its name ends like that of a counter.
        let handles = series(&batch, "nodejs_active_handles_total", target);
        assert_eq!(handles.kind, MetricKind::Gauge);
        let cpu = series(&batch, "process_cpu_seconds_total", target);
        assert_eq!((cpu.kind, cpu.unit.as_str()), (MetricKind::Counter, "s"));
        assert_eq!(batch.exemplars.len(), if is_open { 2 } else { 0 });
        if let Some(exemplar) = batch.exemplars.iter().find(|exemplar| exemplar.series == took.id()) {
            assert_eq!(exemplar.value, 5.0);
            assert_eq!(exemplar.trace_id.unwrap().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
            assert_eq!(exemplar.span_id.unwrap().to_string(), "00f067aa0ba902b7");
            assert_eq!(exemplar.attributes.text("user"), Some("u"));
        }
    }
}
