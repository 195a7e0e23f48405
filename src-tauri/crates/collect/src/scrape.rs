//! The collector of Prometheus metrics: targets in our own settings and in a Prometheus
//! configuration.

mod credentials;
mod discovery;
mod format;
mod http;
mod http_client;
mod job;
mod prometheus_config;
mod report;
mod scrape_loop;
mod status;
mod target;
mod target_pool;
mod yaml;

use config::ScrapeTarget;
use model::HealthState;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

pub(crate) use self::prometheus_config::parse_only as parse_config_only;
pub use self::prometheus_config::run_prometheus_file;
pub(crate) use self::report::Report;
use self::{job::Job, status::TargetStatus};

/// Scrapes the targets in `settings`, each once per interval, until `stop` is cancelled. Like
/// Prometheus, each scrape also writes `up` and the `scrape_…` series. Problems appear in the
/// status of the component. A missing series ends with a staleness marker, as do all series of a
/// target that fails or is removed.
pub async fn run_scrape(
    settings: ScrapeTarget,
    store: Store,
    clock: Clock,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    match Job::new(&settings) {
        Ok(job) => target_pool::run(job, TargetStatus::new(reporter), store, clock, stop).await,
        Err(message) => {
            reporter.report(HealthState::Unhealthy, message);
            stop.cancelled().await;
        }
    }
}
