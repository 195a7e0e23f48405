//! Fetching metrics the way Prometheus does: targets of our own settings, of a Prometheus' settings, and commands
//! that print metrics.

mod access;
mod board;
mod discovery;
mod fetch;
mod format;
mod job;
mod pool;
mod report;
mod rounds;
mod secret;
mod settings_file;
mod target;
mod yaml;

use config::ScrapeTarget;
use model::{HealthReporter, HealthState};
use store::Store;
use tokio_util::sync::CancellationToken;

pub(crate) use self::report::Report;
pub use self::settings_file::run_prometheus_file;
use self::{board::Board, job::Job};

/// Scrapes what `settings` name, each target once per interval, until `stop` is cancelled. Each scrape also writes
/// `up` and the `scrape_…` series, as Prometheus does; what goes wrong stands in the part's status. Series that are
/// not told any more, and all of a target that fails or is taken away, are ended with a staleness marker.
pub async fn run_scrape(
    settings: ScrapeTarget,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    match Job::new(&settings) {
        Ok(job) => pool::run(job, Board::new(reporter), store, stop).await,
        Err(message) => {
            reporter.report(HealthState::Unhealthy, message);
            stop.cancelled().await;
        }
    }
}
