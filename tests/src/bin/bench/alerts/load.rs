//! The samples and rules of a load: remote write requests, and the rules in the words of both
//! programs.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use alerts::{AlertRule, MetricSource, NoDataPolicy};
use anyhow::{Result, bail};
use model::{Aggregation, AlertSeverity, Comparator};
use reqwest::{Client, StatusCode};
use test_support::write_request::{Label, Sample, TimeSeries, WriteRequest};
use tokio::sync::watch;

/// Length of the windows of all rules, in seconds.
const WINDOW: u64 = 60;
/// Series in one request, as an agent sends them.
const SERIES_PER_REQUEST: usize = 2_000;
/// The threshold of rules that fire once the values rise, and of those that never do.
const THRESHOLDS: (f64, f64) = (1e6, 1e12);
/// The value that is added to each gauge once the values rise.
const RISE: f64 = 1e7;
/// Rules in a group of Prometheus, which evaluates groups beside one another.
const RULES_PER_GROUP: usize = 20;

/// Rules over metrics, with the series of each.
pub(crate) struct Load {
    pub(crate) title: &'static str,
    /// Number of metrics. Those with an even number are gauges, the others counters.
    pub(crate) metrics: usize,
    /// Series of each metric.
    pub(crate) series: usize,
    /// Number of rules, spread over the metrics.
    pub(crate) rules: usize,
    /// Rules whose alerts fire for every series once the values rise.
    pub(crate) firing: usize,
    /// Seconds between two evaluations.
    pub(crate) interval: u64,
    /// Seconds between two samples.
    pub(crate) spacing: u64,
}

fn is_counter(metric: usize) -> bool {
    metric % 2 == 1
}

fn name(metric: usize) -> String {
    if is_counter(metric) { format!("bench_{metric}_total") } else { format!("bench_{metric}") }
}

impl Load {
    fn rule_metric(&self, rule: usize) -> usize {
        rule % self.metrics
    }

    fn aggregation(&self, rule: usize) -> Aggregation {
        let of_gauges = [Aggregation::Average, Aggregation::Maximum, Aggregation::Last];
        match self.rule_metric(rule) {
            metric if is_counter(metric) => Aggregation::Rate,
            _ => of_gauges[rule / 2 % of_gauges.len()],
        }
    }

    fn threshold(&self, rule: usize) -> f64 {
        let fires = !is_counter(self.rule_metric(rule)) && rule / 2 < self.firing;
        if fires { THRESHOLDS.0 } else { THRESHOLDS.1 + rule as f64 }
    }

    /// Returns the rules as Binnacle has them.
    pub(crate) fn rules(&self) -> impl Iterator<Item = AlertRule> {
        (0..self.rules).map(|rule| AlertRule {
            id: String::new(),
            name: format!("rule {rule}"),
            enabled: true,
            severity: AlertSeverity::Warning,
            source: MetricSource {
                metric: name(self.rule_metric(rule)),
                matchers: Vec::new(),
                aggregation: self.aggregation(rule),
                group_by: vec!["instance".to_owned()],
                window_seconds: WINDOW as u32,
            }
            .into(),
            comparator: Comparator::Above,
            threshold: self.threshold(rule),
            resolve_threshold: None,
            for_seconds: 0,
            interval_seconds: self.interval as u32,
            no_data: NoDataPolicy::KeepState,
            notify: true,
        })
    }

    /// Returns the rules as a file of Prometheus.
    pub(crate) fn rule_file(&self) -> String {
        let mut text = "groups:\n".to_owned();
        for rule in 0..self.rules {
            if rule % RULES_PER_GROUP == 0 {
                let _ = write!(text, "- name: group {rule}\n  interval: {}s\n  rules:\n", self.interval);
            }
            let function = match self.aggregation(rule) {
                Aggregation::Average => "avg_over_time",
                Aggregation::Maximum => "max_over_time",
                Aggregation::Last => "last_over_time",
                _ => "rate",
            };
            let (metric, threshold) = (name(self.rule_metric(rule)), self.threshold(rule));
            let _ = writeln!(
                text,
                "  - {{alert: rule_{rule}, expr: \"{function}({metric}[{WINDOW}s]) > {threshold}\"}}"
            );
        }
        text
    }
}

/// The samples of all series, one scrape after another.
pub(crate) struct Scrapes {
    requests: Vec<(Vec<usize>, WriteRequest)>,
    spacing: i64,
    /// Time of the next scrape in milliseconds since the epoch.
    next: i64,
    number: u64,
    client: Client,
}

impl Scrapes {
    /// Creates the scrapes of a load from a window before `now` on.
    pub(crate) fn new(load: &Load, now: i64) -> Self {
        let all: Vec<(usize, usize)> = (0..load.metrics)
            .flat_map(|metric| (0..load.series).map(move |series| (metric, series)))
            .collect();
        let requests = all.chunks(SERIES_PER_REQUEST).map(|chunk| {
            let series = chunk.iter().map(|(metric, series)| TimeSeries {
                labels: labels(*metric, *series),
                samples: vec![Sample { value: 0.0, timestamp: 0 }],
                ..TimeSeries::default()
            });
            let metrics = chunk.iter().map(|(metric, _)| *metric).collect();
            (metrics, WriteRequest { series: series.collect(), ..WriteRequest::default() })
        });
        let spacing = load.spacing as i64 * 1000;
        let window = WINDOW as i64 * 1000 + spacing;
        Self {
            requests: requests.collect(),
            spacing,
            next: (now - window) / spacing * spacing,
            number: 0,
            client: tls::http_client(),
        }
    }

    /// Sends the scrapes up to now, so that all windows are filled.
    pub(crate) async fn backfill(&mut self, url: &str) -> Result<()> {
        while self.next <= milliseconds_now() {
            self.send(url, 0.0).await?;
        }
        Ok(())
    }

    /// Sends each scrape at its time until `rises` is closed. Gauges rise once it is true. Returns
    /// the latency of each request.
    pub(crate) async fn run(
        mut self,
        url: String,
        mut rises: watch::Receiver<bool>,
    ) -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        loop {
            let wait = u64::try_from(self.next - milliseconds_now()).unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                changed = rises.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Ok(latencies),
                }
            }
            let rise = if *rises.borrow() { RISE } else { 0.0 };
            latencies.extend(self.send(&url, rise).await?);
        }
    }

    async fn send(&mut self, url: &str, rise: f64) -> Result<Vec<Duration>> {
        let (timestamp, number) = (self.next, self.number as f64);
        self.next += self.spacing;
        self.number += 1;
        let mut latencies = Vec::with_capacity(self.requests.len());
        for (metrics, request) in &mut self.requests {
            for (index, (metric, series)) in metrics.iter().zip(&mut request.series).enumerate() {
                let value = if is_counter(*metric) {
                    number * (1.0 + index as f64)
                } else {
                    rise + (number * 7.0 + index as f64) % 100.0
                };
                series.samples[0] = Sample { value, timestamp };
            }
            let body = bytes::Bytes::from(request.compressed());
            let sent = Instant::now();
            while !post(&self.client, url, body.clone()).await? {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            latencies.push(sent.elapsed());
        }
        Ok(latencies)
    }
}

/// Posts a request. Returns false if it should be sent again.
async fn post(client: &Client, url: &str, body: bytes::Bytes) -> Result<bool> {
    let answer = client
        .post(url)
        .header("Content-Type", "application/x-protobuf")
        .header("Content-Encoding", "snappy")
        .header("X-Prometheus-Remote-Write-Version", "0.1.0")
        .body(body)
        .send()
        .await?;
    match answer.status() {
        status if status.is_success() => Ok(true),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Ok(false),
        status => bail!("{status}: {}", answer.text().await?),
    }
}

fn milliseconds_now() -> i64 {
    test_support::otlp_load::now() as i64 / 1_000_000
}

fn labels(metric: usize, series: usize) -> Vec<Label> {
    vec![
        Label::new("__name__", &name(metric)),
        Label::new("device", &format!("nvme{}n1", series % 4)),
        Label::new("instance", &format!("host-{series:04}.example.org:9100")),
        Label::new("job", "node"),
        Label::new("region", &format!("eu-central-{}", series % 3)),
    ]
}
