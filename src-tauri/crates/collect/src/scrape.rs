//! The collector of Prometheus metrics: targets in our own settings and in a Prometheus
//! configuration.

mod credentials;
mod discovery;
mod format;
mod http;
mod http_client;
mod job;
mod parsed_size;
mod prometheus_config;
mod report;
mod scrape_loop;
mod secret_servers;
mod status;
mod target;
mod target_pool;
mod target_series;
mod yaml;

use std::sync::Arc;

use config::ScrapeTarget;
use model::HealthState;
use runtime::HealthReporter;
use tokio_util::sync::CancellationToken;

pub(crate) use self::prometheus_config::parse_only as parse_config_only;
pub use self::prometheus_config::run_prometheus_file;
pub use self::secret_servers::{SecretGuard, SecretServers, secret_servers};
use self::{job::Job, status::TargetStatus};
pub(crate) use self::{report::Report, target_series::TargetSeries};
use crate::PullHandles;

/// Scrapes the targets in `settings`, each once per interval, until `stop` is cancelled. Like
/// Prometheus, each scrape also writes `up` and the `scrape_…` series. Problems appear in the
/// status of the component. A missing series ends with a staleness marker, as do all series of a
/// target that fails or is removed. Without a guard, secrets in files go to any server of the
/// settings.
pub async fn run_scrape(
    settings: ScrapeTarget,
    handles: PullHandles,
    secrets: Option<Arc<dyn SecretGuard>>,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    match Job::new(&settings) {
        Ok(job) => {
            target_pool::run(job, &settings.name, TargetStatus::new(reporter), handles, secrets, stop).await
        }
        Err(message) => {
            reporter.report(HealthState::Unhealthy, message);
            stop.cancelled().await;
        }
    }
}
