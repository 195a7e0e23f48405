//! Detects that the machine slept.

use std::time::Instant;

use crate::now;

/// Measures how long the machine slept between two readings.
///
/// `Instant` stops during sleep on Linux and macOS. The kernel's uptime on Linux continues, so the
/// difference is sleep. Other platforms use the wall clock instead.
#[derive(Debug)]
pub(crate) struct SleepDetector {
    awake: Instant,
    passed: f64,
}

impl SleepDetector {
    pub(crate) fn new() -> Self {
        Self { awake: Instant::now(), passed: passed_seconds() }
    }

    /// Returns the seconds slept since the last call, or since the start. 0 if none.
    pub(crate) fn slept_seconds(&mut self) -> f64 {
        let (awake, passed) = (Instant::now(), passed_seconds());
        let slept = (passed - self.passed) - awake.duration_since(self.awake).as_secs_f64();
        (self.awake, self.passed) = (awake, passed);
        slept.max(0.0)
    }
}

fn passed_seconds() -> f64 {
    std::fs::read_to_string("/proc/uptime")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| now().seconds())
}
