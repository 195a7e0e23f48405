//! Comparison with a real Prometheus: the same `prometheus.yml` and the same node_exporter give the
//! same series.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::common::{Bench, value, values, wait_until};
use collect::{PullHandles, run_prometheus_file};
use config::PrometheusFile;
use model::{Buckets, HealthState, TelemetryBatch, is_stale};
use runtime::Clock;
use serde_json::Value;

struct Program(Child);

impl Program {
    fn start(program: &str, arguments: &[String]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap_or_else(|error| panic!("{program}: {error}")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn node_exporter(port: u16) -> Program {
    Program::start("prometheus-node-exporter", &[format!("--web.listen-address=127.0.0.1:{port}")])
}

fn prometheus(port: u16, file: &Path, data: &Path) -> Program {
    Program::start(
        "prometheus",
        &[
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", data.display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ],
    )
}

async fn answers(port: u16) {
    let url = format!("http://127.0.0.1:{port}/metrics");
    wait_until("a server answers", async || tls::http_client().get(&url).send().await.is_ok()).await;
}

/// Returns the number of series by name of a job in Prometheus.
async fn theirs(port: u16, job: &str) -> BTreeMap<String, usize> {
    let query = format!(
        "http://127.0.0.1:{port}/api/v1/query?query=count%20by%20(__name__)%20(%7Bjob%3D%22{job}%22%7D)"
    );
    let Ok(answer) = tls::http_client().get(&query).send().await else { return BTreeMap::new() };
    let answer: Value = answer.json().await.unwrap();
    let rows = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .map(|row| {
            let count: usize = row["value"][1].as_str().unwrap().parse().unwrap();
            (row["metric"]["__name__"].as_str().unwrap().to_owned(), count)
        })
        .collect()
}

/// Returns the same of our batch, with histograms and summaries as single series.
fn ours(batch: &TelemetryBatch, job: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (id, series) in &batch.series {
        if series.attributes.text("job") != Some(job) {
            continue;
        }
        let mut add = |suffix: &str, count: usize| {
            if count > 0 {
                *counts.entry(format!("{}{suffix}", series.name)).or_default() += count;
            }
        };
        match batch.histograms.iter().find(|point| point.series == *id).map(|point| &point.buckets) {
            None => add("", 1),
            Some(buckets) => {
                match buckets {
                    Buckets::Explicit { counts, .. } => add("_bucket", counts.len()),
                    Buckets::Quantiles(quantiles) => add("", quantiles.len()),
                    Buckets::Exponential { .. } => panic!("{series:?}"),
                }
                add("_sum", 1);
                add("_count", 1);
            }
        }
    }
    // Prometheus writes these only with a feature flag.
    for name in ["scrape_timeout_seconds", "scrape_body_size_bytes", "scrape_sample_limit"] {
        assert_eq!(counts.remove(name), Some(1), "{name}");
    }
    counts
}

/// Waits for a batch of `job` that meets `wanted`.
async fn next_scrape(
    bench: &mut Bench,
    job: &str,
    wanted: impl Fn(&TelemetryBatch) -> bool,
) -> TelemetryBatch {
    loop {
        let mut batch = bench.next_commit().await;
        let of_job: Vec<_> = batch
            .series
            .iter()
            .filter(|(_, series)| series.attributes.text("job") == Some(job))
            .map(|(id, _)| *id)
            .collect();
        batch.series.retain(|(id, _)| of_job.contains(id));
        batch.samples.retain(|sample| of_job.contains(&sample.series));
        batch.histograms.retain(|point| of_job.contains(&point.series));
        if !values(&batch, "up").is_empty() && wanted(&batch) {
            return batch;
        }
    }
}

fn is_up(batch: &TelemetryBatch) -> bool {
    value(batch, "up") == 1.0
}

#[tokio::test]
async fn the_same_file_gives_the_same_series() {
    let mut bench = Bench::new();
    let (node_port, port) = (free_port(), free_port());
    let node = node_exporter(node_port);
    answers(node_port).await;
    let file = bench.folder.path().join("prometheus.yml");
    let targets = bench.folder.path().join("targets.json");
    fs::write(&targets, format!(r#"[{{"targets":["127.0.0.1:{port}"],"labels":{{"room":"lab"}}}}]"#))
        .unwrap();
    let text = format!(
        "global:\n  scrape_interval: 2s\n  scrape_timeout: 2s\nscrape_configs:\n\
         - job_name: node\n  static_configs:\n  - targets: ['127.0.0.1:{node_port}']\n    labels: {{ rack: 7 }}\n\
         \x20 metric_relabel_configs:\n  - {{ source_labels: [__name__], regex: 'go_gc_.*', action: drop }}\n\
         \x20 - {{ source_labels: [device], regex: '(.+)', target_label: device, replacement: 'dev-$1' }}\n\
         - job_name: prometheus\n  file_sd_configs:\n  - files: [targets.json]\n    refresh_interval: 1s\n\
         - job_name: clusters\n  scrape_interval: 1m\n  relabel_configs: [{{ action: drop, regex: '.*' }}]\n\
         \x20 static_configs: [{{ targets: ['127.0.0.1:1'] }}]\n"
    );
    fs::write(&file, &text).unwrap();
    let _prometheus = prometheus(port, &file, &bench.folder.path().join("tsdb"));
    answers(port).await;
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    let settings = PrometheusFile { file: file.display().to_string() };
    bench.run(run_prometheus_file(settings, PullHandles::new(store, Clock::system()), None, reporter, stop));

    // Twice: the self metrics of a server grow with its first scrapes.
    wait_until("Prometheus has scraped", async || theirs(port, "node").await.len() > 100).await;
    next_scrape(&mut bench, "node", is_up).await;
    let mut differing = String::new();
    wait_until("both have the same series of node_exporter", async || {
        let batch = next_scrape(&mut bench, "node", is_up).await;
        let (ours, theirs) = (ours(&batch, "node"), theirs(port, "node").await);
        differing = format!("{ours:?}\n{theirs:?}");
        ours == theirs && ours.len() > 100 && !ours.contains_key("go_gc_duration_seconds_sum")
    })
    .await;
    assert!(!differing.is_empty());
    wait_until("both have the same series of Prometheus", async || {
        let batch = next_scrape(&mut bench, "prometheus", is_up).await;
        let (ours, theirs) = (ours(&batch, "prometheus"), theirs(port, "prometheus").await);
        ours == theirs && ours.len() > 100
    })
    .await;
    wait_until("both targets are reported", async || bench.reporter.status().message == "2 targets").await;

    // The target dies: its series end. It comes back: they go on.
    drop(node);
    let failed = next_scrape(&mut bench, "node", |batch| !is_up(batch)).await;
    assert_eq!(value(&failed, "up"), 0.0);
    let load = values(&failed, "node_load1");
    assert!(load.len() == 1 && is_stale(load[0].1), "{load:?}");
    assert!(failed.samples.iter().filter(|sample| is_stale(sample.value)).count() > 100);
    let reporter = bench.reporter.clone();
    wait_until("the failing target is reported", async || {
        let status = reporter.status();
        status.state == HealthState::Degraded && status.message.contains("1 of 2 targets fail")
    })
    .await;
    let _node = node_exporter(node_port);
    let back = next_scrape(&mut bench, "node", is_up).await;
    assert!(value(&back, "node_load1").is_finite());
    assert!(value(&back, "scrape_series_added") > 100.0);

    // The file of targets and the settings are followed; a broken file changes nothing.
    fs::write(&file, "scrape_configs: [").unwrap();
    wait_until("the broken file is reported", async || {
        bench.reporter.status().message.contains("the previous jobs stay in force")
    })
    .await;
    assert!(is_up(&next_scrape(&mut bench, "node", |_| true).await));
    fs::write(&targets, "[]").unwrap();
    let gone = next_scrape(&mut bench, "prometheus", |batch| !is_up(batch)).await;
    assert!(is_stale(value(&gone, "up")));
    let changed = text.replace("{ rack: 7 }", "{ rack: 8 }")
        + "- job_name: pods\n  kubernetes_sd_configs: [{ role: pod }]\n";
    fs::write(&file, changed).unwrap();
    let ended = next_scrape(&mut bench, "node", |batch| is_stale(value(batch, "up"))).await;
    assert_eq!(values(&ended, "up")[0].0.attributes.text("rack"), Some("7"));
    let anew = next_scrape(&mut bench, "node", is_up).await;
    assert_eq!(values(&anew, "up")[0].0.attributes.text("rack"), Some("8"));
    wait_until("unsupported settings are reported", async || {
        bench.reporter.status().message.contains("kubernetes_sd_configs is not supported")
    })
    .await;
    bench.stop().await;
}
