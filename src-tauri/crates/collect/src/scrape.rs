//! Fetching metrics from Prometheus targets.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use config::ScrapeTarget;
use model::{Attributes, HealthState, PartReporter, Resource, Series, TelemetryBatch, Timestamp};
use reqwest::{Client, Url, header};
use store::Store;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    delivery::Delivery,
    prometheus::{self, Target},
};

/// Larger bodies are given up, counted after decompression.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Larger expositions are given up.
const MOST_SAMPLES: usize = 200_000;

/// Scrapes `target` at once and then once per interval until `stop` is cancelled. Each scrape also writes
/// `up`, `scrape_duration_seconds` and `scrape_samples_scraped`, as Prometheus does; what went wrong stands in
/// the part's status.
pub async fn run_scrape(target: ScrapeTarget, store: Store, reporter: PartReporter, stop: CancellationToken) {
    let scraper = match Scraper::new(&target) {
        Ok(scraper) => scraper,
        Err(message) => {
            reporter.report(HealthState::Unhealthy, message);
            stop.cancelled().await;
            return;
        }
    };
    let interval = Duration::from_secs(u64::from(target.interval_seconds.max(1)));
    let timeout = interval.min(Duration::from_secs(u64::from(target.timeout_seconds.max(1))));
    let mut delivery = Delivery::new(store, reporter, stop.clone());
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let now = clock::now();
        let began = Instant::now();
        let scraped = tokio::select! {
            scraped = tokio::time::timeout(timeout, scraper.scrape(now)) => scraped.unwrap_or_else(|_| {
                Err(format!("no complete answer within {} s", timeout.as_secs()))
            }),
            () = stop.cancelled() => return,
        };
        let (batch, problem) = scraper.conclude(scraped, now, began.elapsed());
        delivery.write(batch, &problem).await;
    }
}

struct Scraper {
    client: Client,
    url: Url,
    target: Target,
}

impl Scraper {
    fn new(target: &ScrapeTarget) -> Result<Self, String> {
        let url = Url::parse(&target.url).map_err(|error| format!("the address is not a URL: {error}"))?;
        let host = url.host_str().ok_or("the address has no host")?.to_owned();
        let mut builder = Client::builder().user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")));
        let local =
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if local || host == "localhost" {
            // A proxy of the environment cannot reach what listens on this machine only.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| format!("cannot make requests: {}", chain(&error)))?;
        let instance = match url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        let mut labels: BTreeMap<String, String> = target.labels.clone();
        labels.entry("job".to_owned()).or_insert_with(|| target.name.clone());
        labels.entry("instance".to_owned()).or_insert(instance);
        let resource = Arc::new(Resource::service_named(&target.name));
        Ok(Self { client, url, target: Target { resource, labels } })
    }

    async fn scrape(&self, now: Timestamp) -> Result<TelemetryBatch, String> {
        let body = self.fetch().await?;
        let target = self.target.clone();
        let assembled = tokio::task::spawn_blocking(move || {
            let exposition = prometheus::parse(&body, MOST_SAMPLES)?;
            prometheus::assemble(&exposition, &target, now)
        });
        match assembled.await {
            Ok(Ok(batch)) => Ok(batch),
            Ok(Err(error)) => Err(format!("not the Prometheus text format: {error}")),
            Err(error) => Err(format!("reading the metrics failed: {error}")),
        }
    }

    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let mut response = self
            .client
            .get(self.url.clone())
            .header(header::ACCEPT, "text/plain;version=0.0.4;q=1,*/*;q=0.1")
            .send()
            .await
            .map_err(|error| format!("cannot be reached: {}", chain(&error.without_url())))?;
        if !response.status().is_success() {
            return Err(format!("answered {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| format!("the answer broke off: {}", chain(&error.without_url())))?
        {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(format!("the answer is larger than {} MiB", MOST_BYTES / 1024 / 1024));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The batch with the series about the scrape itself, and what was wrong, empty if nothing.
    fn conclude(
        &self,
        scraped: Result<TelemetryBatch, String>,
        now: Timestamp,
        took: Duration,
    ) -> (TelemetryBatch, String) {
        let (mut batch, problem) = match scraped {
            Ok(batch) => (batch, String::new()),
            Err(problem) => (TelemetryBatch::default(), problem),
        };
        let attributes: Attributes =
            self.target.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let up = if problem.is_empty() { 1.0 } else { 0.0 };
        let scraped = batch.len() as f64;
        for (name, unit, value) in [
            ("up", "1", up),
            ("scrape_duration_seconds", "s", took.as_secs_f64()),
            ("scrape_samples_scraped", "{sample}", scraped),
        ] {
            let series = Series::gauge(name, unit, self.target.resource.clone(), attributes.clone());
            batch.add_sample(series, now, value);
        }
        (batch, problem)
    }
}

/// An error with what caused it, which is where reqwest tells what happened.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
