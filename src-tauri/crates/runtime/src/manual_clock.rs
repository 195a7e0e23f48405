//! A clock that stands still until a test advances it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use model::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    Clock,
    steady_time::{ClockJump, SteadyTime},
};

/// The control of a clock under test. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<ManualTime>);

/// The time of a [`ManualClock`] and its sleepers.
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

impl ManualClock {
    /// Creates a clock whose wall time is `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(ManualTime {
            started: Clock::system().instant(),
            reading: watch::Sender::new(Reading { wall: start, elapsed: Duration::ZERO }),
            steady: Mutex::new(SteadyTime::new()),
            sleepers: watch::Sender::new(0),
        }))
    }

    /// Returns the handle that components under test read.
    pub fn clock(&self) -> Clock {
        Clock::manual(Arc::clone(&self.0))
    }

    /// Moves wall and monotonic time forward and wakes the sleepers whose time has come.
    pub fn advance(&self, duration: Duration) {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.0.reading.send_modify(|reading| {
            reading.wall = reading.wall.offset(nanos);
            reading.elapsed = reading.elapsed.saturating_add(duration);
        });
    }

    /// Sets the wall time, as a user or NTP does. Monotonic time does not change. [`Clock::now`]
    /// follows a large change once it has lasted.
    pub fn set_wall(&self, wall: Timestamp) {
        self.0.reading.send_modify(|reading| reading.wall = wall);
    }

    /// Waits until at least `count` sleeps are pending, so that [`advance`](Self::advance) wakes
    /// them.
    pub async fn wait_for_sleepers(&self, count: usize) {
        let mut sleepers = self.0.sleepers.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = sleepers.wait_for(|pending| *pending >= count).await;
    }
}

impl ManualTime {
    pub(crate) fn wall(&self) -> Timestamp {
        let Reading { wall, elapsed } = *self.reading.borrow();
        self.steady.lock().read(wall, elapsed)
    }

    pub(crate) fn jumps(&self) -> Vec<ClockJump> {
        self.steady.lock().jumps()
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
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Spawns a task that sleeps for a number of seconds.
    fn sleeper(time: &ManualClock, seconds: u32) -> tokio::task::JoinHandle<()> {
        let clock = time.clock();
        tokio::spawn(async move { clock.sleep(SECOND * seconds).await })
    }

    #[test]
    fn time_stands_still_until_it_is_advanced() {
        let time = ManualClock::new(Timestamp(5));
        let clock = time.clock();
        let started = clock.instant();
        assert_eq!((clock.now(), clock.instant()), (Timestamp(5), started));
        time.advance(SECOND);
        assert_eq!((clock.now(), clock.instant()), (Timestamp(1_000_000_005), started + SECOND));
    }

    #[test]
    fn the_wall_can_be_set_back_but_not_the_monotonic_time() {
        let time = ManualClock::new(Timestamp(100));
        let clock = time.clock();
        let started = clock.instant();
        time.set_wall(Timestamp(1));
        assert_eq!((clock.now(), clock.instant()), (Timestamp(1), started));
    }

    #[test]
    fn a_wall_set_far_is_followed_once_it_has_lasted() {
        let time = ManualClock::new(Timestamp(0));
        let clock = time.clock();
        clock.now();
        time.set_wall(Timestamp::from_seconds(7200.0));
        assert_eq!(clock.now(), Timestamp(0));
        time.advance(SECOND * 59);
        assert_eq!(clock.now(), Timestamp::from_seconds(59.0));
        time.advance(SECOND);
        assert_eq!(clock.now(), Timestamp::from_seconds(7260.0));
        assert!(clock.jumps()[0].is_followed);
    }

    #[tokio::test]
    async fn advancing_wakes_only_the_sleepers_whose_time_has_come() {
        let time = ManualClock::new(Timestamp(0));
        let (short, long) = (sleeper(&time, 1), sleeper(&time, 3));
        time.wait_for_sleepers(2).await;
        time.advance(SECOND * 2);
        short.await.unwrap();
        assert!(!long.is_finished());
        time.advance(SECOND);
        long.await.unwrap();
    }

    #[tokio::test]
    async fn an_abandoned_sleep_is_no_longer_pending() {
        let time = ManualClock::new(Timestamp(0));
        let sleeping = sleeper(&time, 1);
        time.wait_for_sleepers(1).await;
        sleeping.abort();
        assert!(sleeping.await.unwrap_err().is_cancelled());
        assert_eq!(*time.0.sleepers.borrow(), 0);
    }
}
