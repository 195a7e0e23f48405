//! The scheduler: one task that evaluates every rule once per interval.

use std::{sync::Arc, time::Duration};

use model::{HealthState, NANOS_PER_SECOND, Timestamp};
use runtime::Clock;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{notify::action::Actions, rules::evaluate::Evaluator};

/// Rules evaluated at the same time.
const MAX_CONCURRENT: usize = 4;
/// Longest time between two readings of the clock.
const MAX_SLEEP: Duration = Duration::from_secs(1);
/// Shortest time between two readings of the clock.
const MIN_SLEEP: Duration = Duration::from_millis(5);
/// Time between two readings from which the machine is taken to have slept, or its clock to have
/// been set, in nanoseconds.
const SUSPENDED: i64 = 15 * NANOS_PER_SECOND;
/// Deadline of running evaluations when alerting stops.
const DRAIN: Duration = Duration::from_secs(5);

/// The task that evaluates rules.
pub(crate) struct Scheduler {
    pub(crate) evaluator: Arc<Evaluator>,
    pub(crate) actions: Arc<Actions>,
    pub(crate) clock: Clock,
    /// Notified when a rule was saved, or evaluated after its next time.
    pub(crate) wake: Arc<Notify>,
    /// Becomes true once the stored rules are loaded.
    pub(crate) ready: watch::Sender<bool>,
}

impl Scheduler {
    /// Loads the stored rules, then evaluates them until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        if !self.load(&stop).await {
            return;
        }
        let mut chosen = self.evaluator.pipeline.channels().subscribe_chosen();
        let running = TaskTracker::new();
        let permits = Arc::new(Semaphore::new(MAX_CONCURRENT));
        let mut last = self.clock.now();
        while !stop.is_cancelled() {
            let now = self.clock.now();
            if now.since(last).saturating_abs() > SUSPENDED {
                self.evaluator.restart_windows(now);
            }
            last = now;
            self.start_due(now, &running, &permits);
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.clock.sleep(self.until_next()) => {}
                () = self.wake.notified() => {}
                Ok(action) = chosen.recv() => self.actions.spawn(action, self.clock.now()),
            }
        }
        running.close();
        if self.clock.timeout(DRAIN, running.wait()).await.is_err() {
            tracing::warn!("alerting stopped before all rule evaluations ended");
        }
    }

    /// Loads the stored rules, with retries. Returns false when `stop` came first.
    async fn load(&self, stop: &CancellationToken) -> bool {
        while let Err(error) = self.evaluator.load(self.clock.now()).await {
            tracing::warn!(%error, "alert rules not loaded, retrying");
            tokio::select! {
                () = stop.cancelled() => return false,
                () = self.clock.sleep(MAX_SLEEP) => {}
            }
        }
        self.ready.send_replace(true);
        true
    }

    /// Starts the evaluations that are due. They see the same commit.
    fn start_due(&self, now: Timestamp, running: &TaskTracker, permits: &Arc<Semaphore>) {
        let due = self.evaluator.rules.take_due(now);
        let tick = Arc::new(self.evaluator.tick_reader(due.iter().map(|(rule, _)| &**rule), now));
        for (rule, since) in due {
            let (evaluator, permits, tick) = (self.evaluator.clone(), permits.clone(), Arc::clone(&tick));
            let (clock, wake) = (self.clock.clone(), self.wake.clone());
            running.spawn(async move {
                if let Ok(_permit) = permits.acquire().await {
                    evaluator.evaluate(&rule, tick.as_ref().as_ref(), now).await;
                    let is_failure = rule.status().health == HealthState::Unhealthy;
                    evaluator.counters.add(clock.now().since(since), is_failure);
                }
                let is_late = {
                    let mut status = rule.status();
                    status.running = false;
                    status.next <= clock.now()
                };
                if is_late {
                    wake.notify_one();
                }
            });
        }
    }

    fn until_next(&self) -> Duration {
        let now = self.clock.now();
        let next = self.evaluator.rules.next_due(now).map_or(i64::MAX, |due| due.since(now));
        Duration::from_nanos(u64::try_from(next).unwrap_or(0)).clamp(MIN_SLEEP, MAX_SLEEP)
    }
}
