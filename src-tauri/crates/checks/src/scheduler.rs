//! The periodic schedule of one check.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use model::HealthCheck;
use tokio_util::task::AbortOnDropHandle;

use crate::{error::CheckError, runner::CheckRunner};

/// The time over which the first runs of all checks are spread, unless the interval is shorter.
const MAX_FIRST_DELAY: Duration = Duration::from_secs(10);

/// Runs the check every interval, the first time after `first_delay`, until its runner is stopped.
/// Late runs (a long run before, a machine asleep) are dropped and not made up for.
pub(crate) async fn run_periodically(runner: Arc<CheckRunner>, first_delay: Duration) {
    let interval = Duration::from_secs(u64::from(runner.check.interval_seconds.max(1)));
    let clock = &runner.context.clock;
    let mut next = clock.instant() + first_delay;
    loop {
        tokio::select! {
            biased;
            () = runner.stop.cancelled() => return,
            () = clock.sleep_until(next) => next = following(next, clock.instant(), interval),
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

/// Returns the first time after `now` that is whole intervals after `last`.
fn following(last: Instant, now: Instant, interval: Duration) -> Instant {
    let missed = now.saturating_duration_since(last).as_nanos() / interval.as_nanos().max(1);
    last + interval * u32::try_from(missed).unwrap_or(u32::MAX - 1).saturating_add(1)
}

/// Returns the delay of the first run: `fraction` (0 to 1) of the time over which first runs are
/// spread.
pub(crate) fn first_delay(check: &HealthCheck, fraction: f64) -> Duration {
    let interval = Duration::from_secs(u64::from(check.interval_seconds));
    interval.min(MAX_FIRST_DELAY).mul_f64(fraction.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use runtime::Clock;

    use super::*;

    #[test]
    fn late_runs_are_dropped() {
        let (start, seconds) = (Clock::system().instant(), Duration::from_secs);
        let next = |late: u64| following(start, start + seconds(late), seconds(10)) - start;
        assert_eq!(
            (next(0), next(9), next(10), next(35)),
            (seconds(10), seconds(10), seconds(20), seconds(40))
        );
    }
}
