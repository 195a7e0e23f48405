//! Applies the retention of the settings periodically.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use config::Settings;
use model::{HealthState, Timestamp};
use runtime::{Clock, HealthReporter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::component::Component;
use crate::{data::Retention, settings::selection_changed};

/// Time between two passes.
const INTERVAL: Duration = Duration::from_secs(900);
/// Time before the first pass, and before the pass after a change of the settings.
const FIRST_PASS: Duration = Duration::from_secs(60);

/// A clock that moved by more than this between two passes, or since the last run, was perhaps set
/// wrongly. In nanoseconds.
const SUSPECT: i64 = 24 * 3600 * model::NANOS_PER_SECOND;
/// Time that such a clock must last before data are deleted by their age.
const CONFIRMATION: Duration = Duration::from_secs(3600);

/// The component that applies retention.
pub(crate) struct PeriodicRetention {
    pub(crate) retention: Retention,
    pub(crate) clock: Clock,
    pub(crate) settings: watch::Receiver<Settings>,
    /// The last heartbeat of the run before.
    pub(crate) last_run: Option<Timestamp>,
}

/// The judgement of the clock by the time of the last pass.
struct Trust {
    last: Option<Timestamp>,
    suspect_until: Option<Instant>,
}

impl Trust {
    /// Returns whether data may be deleted by their age at `now`.
    fn accepts(&mut self, now: Timestamp, instant: Instant) -> bool {
        let moved = self.last.map_or(0, |last| now.since(last));
        self.last = Some(now);
        if moved.saturating_abs() > SUSPECT {
            self.suspect_until = Some(instant + CONFIRMATION);
        }
        self.suspect_until.is_none_or(|until| instant >= until)
    }
}

#[async_trait]
impl Component for PeriodicRetention {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let mut settings = self.settings.clone();
        let mut wait = FIRST_PASS;
        health.healthy();
        // Until a first heartbeat of this run replaces it, the last one is of the run before.
        let last_run = self.last_run;
        let mut trust = Trust { last: last_run, suspect_until: None };
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
            wait = INTERVAL;
            if !trust.accepts(self.clock.now(), self.clock.instant()) {
                let text = "data are not deleted: the clock moved by more than a day, waiting for an hour";
                health.report(HealthState::Degraded, text.to_owned());
                continue;
            }
            match self.retention.apply().await {
                Ok(removed) => health.report(HealthState::Healthy, Retention::summarize(&removed)),
                Err(error) => health.report(HealthState::Degraded, error.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_moved_by_years_must_last_before_data_expire() {
        let (started, day) = (Clock::system().instant(), 24 * 3600 * model::NANOS_PER_SECOND);
        let mut trust = Trust { last: Some(Timestamp(0)), suspect_until: None };
        let mut accepts = |days: i64, minutes: u64| {
            trust.accepts(Timestamp(days * day), started + Duration::from_secs(minutes * 60))
        };
        assert!(accepts(0, 1));
        assert!(!accepts(5000, 16), "years ahead");
        assert!(!accepts(5000, 70));
        assert!(!accepts(0, 75), "right again, which is a change as well");
        assert!(!accepts(0, 134));
        assert!(accepts(0, 135));
    }
}
