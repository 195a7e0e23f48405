//! The clock that components read and sleep on.

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use model::{TimeRange, Timestamp};
use parking_lot::Mutex;

use crate::{
    manual_time::ManualTime,
    steady_time::{ClockJump, MAX_JUMPS, SteadyTime},
};

/// Longest time between the readings of two clocks that are compared.
const MAX_READING: Duration = Duration::from_millis(100);

/// The steady time of this process.
static STEADY: Mutex<SteadyTime> = Mutex::new(SteadyTime::new());

/// A source of wall time, monotonic time and sleeps. Clones share the source.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<ManualTime>),
}

/// The error of an operation that did not end within its timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("timeout elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl Clock {
    /// Number of jumps that are remembered.
    pub const MAX_JUMPS: usize = MAX_JUMPS;

    /// Returns the clock of the machine.
    pub fn system() -> Self {
        Self(Source::System)
    }

    pub(crate) fn manual(time: Arc<ManualTime>) -> Self {
        Self(Source::Manual(time))
    }

    /// Returns the wall time. Times before 1970 are negative.
    ///
    /// When the clock of the machine is set by more than two seconds, the time goes on as before
    /// until the new one has lasted for a minute. See [`Clock::jumps`].
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let mut steady = STEADY.lock();
                loop {
                    let (before, wall, after) = (time_since_boot(), machine_time(), time_since_boot());
                    let (Some(before), Some(after)) = (before, after) else { return wall };
                    // The process may have been stopped between the readings.
                    if after.saturating_sub(before) < MAX_READING {
                        return steady.read(wall, after);
                    }
                }
            }
            Source::Manual(time) => time.wall(),
        }
    }

    /// Returns the recent jumps of the machine's clock, oldest first, with one that lasts.
    pub fn jumps(&self) -> Vec<ClockJump> {
        // A jump is found by reading the time.
        self.now();
        match &self.0 {
            Source::System => STEADY.lock().jumps(),
            Source::Manual(time) => time.jumps(),
        }
    }

    /// Adds the times of jumps that an earlier process followed ([`ClockJump::two_times`]), oldest
    /// first. At most [`Clock::MAX_JUMPS`] of all are remembered.
    pub fn restore_jumps(&self, two_times: &[TimeRange]) {
        match &self.0 {
            Source::System => STEADY.lock().restore(two_times),
            Source::Manual(time) => time.restore(two_times),
        }
    }

    /// Returns whether the clock was set within a range and followed, or passed a part of the range
    /// before. Records of such a range are of two times.
    pub fn was_set_within(&self, range: TimeRange) -> bool {
        match &self.0 {
            Source::System => STEADY.lock().was_set_within(range),
            Source::Manual(time) => time.was_set_within(range),
        }
    }

    /// Returns the monotonic time. It stands still while the machine sleeps on Linux and macOS.
    #[expect(clippy::disallowed_methods, reason = "every other crate reads the time here")]
    pub fn instant(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Manual(time) => time.instant(),
        }
    }

    /// Sleeps for `duration` of monotonic time. Needs a tokio runtime.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(duration).await,
            Source::Manual(time) => time.sleep(duration).await,
        }
    }

    /// Sleeps until `deadline`. Returns at once when it has passed.
    pub async fn sleep_until(&self, deadline: Instant) {
        self.sleep(deadline.saturating_duration_since(self.instant())).await;
    }

    /// Runs `operation` for at most `duration` and drops it after that.
    pub async fn timeout<T>(
        &self,
        duration: Duration,
        operation: impl Future<Output = T>,
    ) -> Result<T, Elapsed> {
        let mut operation = pin!(operation);
        tokio::select! {
            biased;
            output = &mut operation => Ok(output),
            () = self.sleep(duration) => Err(Elapsed),
        }
    }
}

/// Returns the wall time of the machine.
#[expect(clippy::disallowed_methods, reason = "every other crate reads the time here")]
fn machine_time() -> Timestamp {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp(nanos(since)),
        Err(before) => Timestamp(-nanos(before.duration())),
    }
}

/// Returns the time since the machine started, with the time that it slept. None where the system
/// has no such clock.
#[cfg(target_os = "linux")]
fn time_since_boot() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(target_os = "linux"))]
fn time_since_boot() -> Option<Duration> {
    None
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    #[test]
    fn system_time_is_after_this_was_written() {
        assert!(Clock::system().now() > Timestamp::from_seconds(1.7e9));
    }

    #[tokio::test]
    async fn timeouts_drop_slow_operations() {
        let clock = Clock::system();
        let slow = std::future::pending::<()>();
        assert_eq!(clock.timeout(Duration::from_millis(1), slow).await, Err(Elapsed));
        assert_eq!(clock.timeout(Duration::ZERO, async { 7 }).await, Ok(7));
    }

    #[tokio::test]
    async fn a_deadline_in_the_past_does_not_sleep() {
        let time = ManualClock::new(Timestamp(0));
        let clock = time.clock();
        let deadline = clock.instant();
        time.advance(Duration::from_secs(1));
        clock.sleep_until(deadline).await;
        assert_eq!(clock.instant() - deadline, Duration::from_secs(1));
    }
}
