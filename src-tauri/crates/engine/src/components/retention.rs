//! Applies the retention of the settings periodically.

use std::time::Duration;

use async_trait::async_trait;
use config::Settings;
use model::HealthState;
use runtime::{Clock, HealthReporter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::component::Component;
use crate::{data::Retention, settings::selection_changed};

/// Time between two passes.
const INTERVAL: Duration = Duration::from_secs(900);
/// Time before the first pass, and before the pass after a change of the settings.
const FIRST_PASS: Duration = Duration::from_secs(60);

/// The component that applies retention.
pub(crate) struct PeriodicRetention {
    pub(crate) retention: Retention,
    pub(crate) clock: Clock,
    pub(crate) settings: watch::Receiver<Settings>,
}

#[async_trait]
impl Component for PeriodicRetention {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let mut settings = self.settings.clone();
        let mut wait = FIRST_PASS;
        health.healthy();
        loop {
            let limits = settings.borrow_and_update().retention.clone();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = selection_changed(&mut settings, &limits, |settings| &settings.retention) => {
                    wait = FIRST_PASS;
                    continue;
                }
                () = self.clock.sleep(wait) => {}
            }
            match self.retention.apply().await {
                Ok(removed) => health.report(HealthState::Healthy, Retention::summarize(&removed)),
                Err(error) => health.report(HealthState::Degraded, error.to_string()),
            }
            wait = INTERVAL;
        }
    }
}
