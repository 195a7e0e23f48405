//! A clock that stands still until a test advances it.

use std::{sync::Arc, time::Duration};

use model::Timestamp;

use crate::{Clock, manual_time::ManualTime};

/// The control of a clock under test. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<ManualTime>);

impl ManualClock {
    /// Creates a clock whose wall time is `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(ManualTime::new(Clock::system().instant(), start)))
    }

    /// Returns the handle that components under test read.
    pub fn clock(&self) -> Clock {
        Clock::manual(Arc::clone(&self.0))
    }

    /// Moves wall and monotonic time forward and wakes the sleepers whose time has come.
    pub fn advance(&self, duration: Duration) {
        self.0.advance(duration);
    }

    /// Sets the wall time, as a user or NTP does. Monotonic time does not change. [`Clock::now`]
    /// follows a large change once it has lasted.
    pub fn set_wall(&self, wall: Timestamp) {
        self.0.set_wall(wall);
    }

    /// Waits until at least `count` sleeps are pending, so that [`advance`](Self::advance) wakes
    /// them.
    pub async fn wait_for_sleepers(&self, count: usize) {
        self.0.wait_for_sleepers(count).await;
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
}
