//! The periodic schedule of one check.

use std::{sync::Arc, time::Duration};

use model::HealthCheck;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

use crate::{error::CheckError, runner::CheckRunner};

/// The time over which the first runs of all checks are spread, unless the interval is shorter.
const MAX_FIRST_DELAY: Duration = Duration::from_secs(10);

/// Runs the check every interval, the first time after `first_delay`, until its runner is stopped.
/// Late runs (a long run before, a machine asleep) are dropped and not made up for.
pub(crate) async fn run_periodically(runner: Arc<CheckRunner>, first_delay: Duration) {
    let interval = Duration::from_secs(u64::from(runner.check.interval_seconds.max(1)));
    let mut ticks = tokio::time::interval_at(Instant::now() + first_delay, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = runner.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if runner.is_paused() {
            continue;
        }
        // A separate task, so that a panic ends one run and not the schedule.
        let running = runner.clone();
        match AbortOnDropHandle::new(tokio::spawn(async move { running.run().await })).await {
            Ok(Ok(_) | Err(CheckError::Interrupted)) => {}
            Ok(Err(error)) => {
                tracing::warn!(check = %runner.check.name, %error, "check result dropped");
            }
            Err(error) => {
                tracing::error!(check = %runner.check.name, %error, "check run failed; the schedule goes on");
            }
        }
    }
}

/// Returns the delay of the first run: `fraction` (0 to 1) of the time over which first runs are
/// spread.
pub(crate) fn first_delay(check: &HealthCheck, fraction: f64) -> Duration {
    let interval = Duration::from_secs(u64::from(check.interval_seconds));
    interval.min(MAX_FIRST_DELAY).mul_f64(fraction.clamp(0.0, 1.0))
}
