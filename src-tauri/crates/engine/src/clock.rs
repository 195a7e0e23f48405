//! The clock of the engine.

use std::time::{SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// Reads the wall clock.
pub fn now() -> Timestamp {
    let nanos = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    };
    Timestamp(nanos)
}
