//! The measured programs: Binnacle and Prometheus, with the same rules.

use anyhow::{Context as _, Result, ensure};
use model::{SamplesRequest, SeriesPoints, TimeRange, Timestamp};
use serde_json::{Value, json};
use test_support::{engine_process::EngineProcess, otlp_load::now};

use super::load::Load;
use crate::{
    server::Server,
    settings::{QUIET, RECEIVERS},
};

/// The self metrics come each second.
const SELF_METRICS: &str = "\n[self_metrics]\ninterval_seconds = 1\n";

/// A program that evaluates rules.
pub(crate) enum Contender {
    Binnacle(Box<EngineProcess>),
    Prometheus(Server),
}

impl Contender {
    pub(crate) async fn binnacle() -> Result<Self> {
        let mut engine = EngineProcess::prepare(&format!("{RECEIVERS}{QUIET}{SELF_METRICS}"))?;
        engine.start_again().await?;
        Ok(Self::Binnacle(Box::new(engine)))
    }

    /// Starts Prometheus with the rules of a load.
    pub(crate) async fn prometheus(load: &Load) -> Result<Self> {
        let settings = "rule_files: [rules.yml]\n";
        Ok(Self::Prometheus(Server::prometheus(settings, &[("rules.yml", load.rule_file())]).await?))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Binnacle(_) => "Binnacle",
            Self::Prometheus(_) => "Prometheus 2.42",
        }
    }

    /// Returns the URL for remote write.
    pub(crate) async fn url(&self) -> Result<String> {
        let address = match self {
            Self::Binnacle(engine) => engine.listener("remote_write").await?.to_string(),
            Self::Prometheus(server) => server.address.clone(),
        };
        Ok(format!("http://{address}/api/v1/write"))
    }

    pub(crate) fn process_id(&self) -> Result<u32> {
        match self {
            Self::Binnacle(engine) => engine.process_id(),
            Self::Prometheus(server) => Ok(server.process_id()),
        }
    }

    /// Adds the rules of a load. Prometheus has read them from its settings.
    pub(crate) async fn add_rules(&mut self, load: &Load) -> Result<()> {
        if let Self::Binnacle(engine) = self {
            for rule in load.rules() {
                let _: Value = engine.call("save_rule", json!({ "rule": rule })).await?;
            }
        }
        Ok(())
    }

    /// Returns the number of evaluations so far.
    pub(crate) async fn evaluations(&self) -> Result<f64> {
        match self {
            Self::Binnacle(engine) => latest(engine, "binnacle_rule_evaluations_total").await,
            Self::Prometheus(server) => {
                Ok(server.metrics("prometheus_rule_evaluations_total{").await?.iter().sum())
            }
        }
    }

    /// Returns the longest lateness of a rule in the latest second or tick, in seconds.
    pub(crate) async fn lateness(&self) -> Result<f64> {
        match self {
            Self::Binnacle(engine) => latest(engine, "binnacle_rule_evaluation_lateness_seconds").await,
            Self::Prometheus(server) => {
                let groups = server.metrics("prometheus_rule_group_last_duration_seconds{").await?;
                Ok(groups.into_iter().fold(0.0, f64::max))
            }
        }
    }

    /// Returns the number of firing alerts.
    pub(crate) async fn firing(&self) -> Result<u64> {
        match self {
            Self::Binnacle(engine) => Ok(u64::from(engine.status().await?.alerts.firing)),
            Self::Prometheus(server) => {
                let answer = server.json("/api/v1/query?query=count(ALERTS)").await?;
                ensure!(answer["status"] == "success", "{answer}");
                let count = answer["data"]["result"][0]["value"][1].as_str().unwrap_or("0");
                count.parse().context("not a number of alerts")
            }
        }
    }
}

/// Returns the latest value of a self metric.
async fn latest(engine: &EngineProcess, metric: &str) -> Result<f64> {
    let now = Timestamp(now() as i64);
    let request = SamplesRequest {
        metric: metric.to_owned(),
        matchers: Vec::new(),
        range: TimeRange::last(10, now),
        limit: 1,
    };
    let series: Vec<SeriesPoints> = engine.call("samples", serde_json::to_value(request)?).await?;
    let last = series.first().and_then(|points| points.values.last());
    last.copied().with_context(|| format!("no sample of {metric}"))
}
