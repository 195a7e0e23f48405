//! Detection of machine sleep.

use std::time::Instant;

use crate::Clock;

/// A detector of the time that the machine slept between two readings.
///
/// Monotonic time stands still during sleep on Linux and macOS. The kernel's uptime on Linux goes
/// on, so the difference is sleep and nothing else. Other systems fall back to wall time.
#[derive(Debug)]
pub struct SuspendDetector {
    clock: Clock,
    awake: Instant,
    uptime: f64,
}

impl SuspendDetector {
    /// Creates a detector that measures from now on.
    pub fn new(clock: Clock) -> Self {
        let (awake, uptime) = (clock.instant(), uptime_seconds(&clock));
        Self { clock, awake, uptime }
    }

    /// Returns the seconds slept since the last call or since the start. 0 if none.
    pub fn slept_seconds(&mut self) -> f64 {
        let (awake, uptime) = (self.clock.instant(), uptime_seconds(&self.clock));
        let slept = (uptime - self.uptime) - awake.duration_since(self.awake).as_secs_f64();
        (self.awake, self.uptime) = (awake, uptime);
        slept.max(0.0)
    }
}

fn uptime_seconds(clock: &Clock) -> f64 {
    std::fs::read_to_string("/proc/uptime")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| clock.now().seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_awake_machine_has_not_slept() {
        let mut detector = SuspendDetector::new(Clock::system());
        // The kernel reports its uptime in hundredths of a second.
        assert!(detector.slept_seconds() < 0.5);
    }
}
