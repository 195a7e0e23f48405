//! The time of a clock under test, and the sleeps that wait for it.

use std::time::{Duration, Instant};

use model::{TimeRange, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::steady_time::{ClockJump, SteadyTime};

/// The wall time and the monotonic time of a manual clock, with its sleepers.
#[derive(Debug)]
pub(crate) struct ManualTime {
    started: Instant,
    reading: watch::Sender<Reading>,
    steady: Mutex<SteadyTime>,
    sleepers: watch::Sender<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: Timestamp,
    elapsed: Duration,
}

impl ManualTime {
    pub(crate) fn new(started: Instant, wall: Timestamp) -> Self {
        Self {
            started,
            reading: watch::Sender::new(Reading { wall, elapsed: Duration::ZERO }),
            steady: Mutex::new(SteadyTime::new()),
            sleepers: watch::Sender::new(0),
        }
    }

    /// Moves both times forward and wakes the sleepers whose time has come.
    pub(crate) fn advance(&self, duration: Duration) {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.reading.send_modify(|reading| {
            reading.wall = reading.wall.offset(nanos);
            reading.elapsed = reading.elapsed.saturating_add(duration);
        });
    }

    pub(crate) fn set_wall(&self, wall: Timestamp) {
        self.reading.send_modify(|reading| reading.wall = wall);
    }

    /// Waits until at least `count` sleeps are pending.
    pub(crate) async fn wait_for_sleepers(&self, count: usize) {
        let mut sleepers = self.sleepers.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = sleepers.wait_for(|pending| *pending >= count).await;
    }

    pub(crate) fn wall(&self) -> Timestamp {
        let Reading { wall, elapsed } = *self.reading.borrow();
        self.steady.lock().read(wall, elapsed)
    }

    pub(crate) fn jumps(&self) -> Vec<ClockJump> {
        self.steady.lock().jumps()
    }

    pub(crate) fn restore(&self, two_times: &[TimeRange]) {
        self.steady.lock().restore(two_times);
    }

    pub(crate) fn was_set_within(&self, range: TimeRange) -> bool {
        self.steady.lock().was_set_within(range)
    }

    pub(crate) fn instant(&self) -> Instant {
        self.started + self.reading.borrow().elapsed
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        let mut readings = self.reading.subscribe();
        let wake_at = readings.borrow_and_update().elapsed.saturating_add(duration);
        if readings.borrow().elapsed >= wake_at {
            return;
        }
        let _pending = PendingSleep::register(&self.sleepers);
        // The sender lives in `self`, so waiting cannot fail.
        let _ = readings.wait_for(|reading| reading.elapsed >= wake_at).await;
    }
}

/// The registration of one sleep, which ends with it or when its future is dropped.
struct PendingSleep<'a>(&'a watch::Sender<usize>);

impl<'a> PendingSleep<'a> {
    fn register(sleepers: &'a watch::Sender<usize>) -> Self {
        sleepers.send_modify(|pending| *pending += 1);
        Self(sleepers)
    }
}

impl Drop for PendingSleep<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Clock;

    #[tokio::test]
    async fn an_abandoned_sleep_is_no_longer_pending() {
        let time = Arc::new(ManualTime::new(Clock::system().instant(), Timestamp(0)));
        let sleeper = time.clone();
        let sleeping = tokio::spawn(async move { sleeper.sleep(Duration::from_secs(1)).await });
        time.wait_for_sleepers(1).await;
        sleeping.abort();
        assert!(sleeping.await.unwrap_err().is_cancelled());
        assert_eq!(*time.sleepers.borrow(), 0);
    }
}
