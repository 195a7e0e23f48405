//! Runs the anomaly detection pass at the interval of the settings.

use std::time::Duration;

use config::Settings;
use model::{HealthState, PartReporter};
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::now;

/// Time before the first pass, so that there is data to analyse.
const FIRST_PASS: Duration = Duration::from_secs(30);

/// Runs passes until `stop`.
pub(crate) async fn run(
    store: Store,
    mut settings: watch::Receiver<Settings>,
    reporter: PartReporter,
    stop: CancellationToken,
) {
    let mut wait = FIRST_PASS;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {
                let enabled = settings.borrow().analysis.enabled;
                match if enabled { insights::detect_anomalies(&store, now()).await } else { Ok(()) } {
                    Ok(()) => reporter.healthy(),
                    Err(error) => reporter.report(HealthState::Degraded, error.to_string()),
                }
            }
        }
        wait = Duration::from_secs(60 * u64::from(settings.borrow_and_update().analysis.interval_minutes));
    }
}
