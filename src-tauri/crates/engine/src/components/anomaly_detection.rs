//! Runs the anomaly detection pass at the interval of the settings.

use std::time::Duration;

use async_trait::async_trait;
use config::Settings;
use model::HealthState;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::component::Component;

/// Time before the first pass, so that there is data to analyse.
const FIRST_PASS: Duration = Duration::from_secs(30);

/// The component that runs anomaly detection.
pub(crate) struct AnomalyDetection {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: watch::Receiver<Settings>,
}

#[async_trait]
impl Component for AnomalyDetection {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let mut settings = self.settings.clone();
        let mut wait = FIRST_PASS;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = settings.changed() => if changed.is_err() { return Ok(()) },
                () = self.clock.sleep(wait) => {
                    let enabled = settings.borrow().analysis.enabled;
                    let passed =
                        if enabled { insights::detect_anomalies(&self.store, self.clock.now()).await } else { Ok(()) };
                    match passed {
                        Ok(()) => health.healthy(),
                        Err(error) => health.report(HealthState::Degraded, error.to_string()),
                    }
                }
            }
            let minutes = settings.borrow_and_update().analysis.interval_minutes;
            wait = Duration::from_secs(60 * u64::from(minutes));
        }
    }
}
