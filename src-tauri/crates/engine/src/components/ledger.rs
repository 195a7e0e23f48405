//! Records heartbeats, sleep, stalls and jumps of the clock in the observation ledger.

use std::time::Duration;

use async_trait::async_trait;
use model::HealthState;
use runtime::{Clock, HealthReporter, SuspendDetector};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::component::Component;
use crate::status::ledger;

/// Time between two heartbeats.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);
/// Time between two checks for sleep.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The component that writes the observation ledger.
pub(crate) struct LedgerRecorder {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Component for LedgerRecorder {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let mut detector = SuspendDetector::new(self.clock.clone());
        let mut since_heartbeat = Duration::ZERO;
        let mut last_jump = self.clock.jumps().last().map_or(0, |jump| jump.number);
        health.healthy();
        loop {
            let began = self.clock.instant();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.sleep(POLL_INTERVAL) => {}
            }
            let late = self.clock.instant().saturating_duration_since(began).saturating_sub(POLL_INTERVAL);
            let now = self.clock.now();
            let mut outcome = ledger::record_sleep(&self.store, detector.slept_seconds(), now).await;
            outcome = outcome.and(ledger::record_stall(&self.store, late, now).await);
            for jump in self.clock.jumps().into_iter().filter(|jump| jump.ended.is_some()) {
                if jump.number > last_jump {
                    last_jump = jump.number;
                    outcome = outcome.and(ledger::record_jump(&self.store, jump).await);
                }
            }
            since_heartbeat += POLL_INTERVAL;
            if since_heartbeat >= HEARTBEAT_INTERVAL {
                since_heartbeat = Duration::ZERO;
                outcome = outcome.and(self.store.history().heartbeat(self.clock.now()).await);
            }
            match outcome {
                Ok(()) => health.healthy(),
                Err(error) => health.report(HealthState::Degraded, error.to_string()),
            }
        }
    }
}
