//! The clocks of the engine.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// The wall clock now.
pub fn now() -> Timestamp {
    let nanos = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    };
    Timestamp(nanos)
}

/// Tells how long the machine slept between two readings.
///
/// `Instant` stands still during sleep on Linux and macOS. On Linux the kernel's uptime goes on, so the
/// difference is sleep and nothing else; elsewhere the wall clock has to serve.
#[derive(Debug)]
pub(crate) struct SleepDetector {
    awake: Instant,
    passed: f64,
}

impl SleepDetector {
    pub(crate) fn new() -> Self {
        Self { awake: Instant::now(), passed: passed_seconds() }
    }

    /// Seconds slept since the last call (or since the start), 0 if none.
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
