//! The fault that comes and goes: a stock reconciliation takes most of the connections to the
//! orders database.

const SECOND: i64 = 1_000_000_000;
/// From one fault to the next.
const PERIOD: i64 = 2400 * SECOND;
/// From the start of the shop to the first fault.
const FIRST: i64 = 480 * SECOND;
/// Duration of one fault.
pub(crate) const LENGTH: i64 = 360 * SECOND;
/// Time in which a fault builds up, and in which it fades.
const RAMP: i64 = 45 * SECOND;

/// Connections of the pool.
pub(crate) const POOL_SIZE: i64 = 10;
/// Time after which a request stops waiting for a connection, in milliseconds.
pub(crate) const ACQUIRE_TIMEOUT_MILLIS: i64 = 3000;

/// Returns the shortage of connections `elapsed` nanoseconds after the shop opened, 0 to 1.
pub(crate) fn pressure(elapsed: i64) -> f64 {
    let into = (elapsed - FIRST).rem_euclid(PERIOD);
    if elapsed < FIRST || into >= LENGTH {
        return 0.0;
    }
    let edge = into.min(LENGTH - into) as f64 / RAMP as f64;
    edge.min(1.0)
}

/// The faults that begin in `[from, until)` nanoseconds after the shop opened, by their beginning.
pub(crate) fn beginnings(from: i64, until: i64) -> impl Iterator<Item = i64> {
    let first = (from - FIRST).max(0).div_euclid(PERIOD);
    (first..)
        .map(|index| FIRST + index * PERIOD)
        .skip_while(move |begin| *begin < from)
        .take_while(move |begin| *begin < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_every_forty_minutes_for_six() {
        let minutes: Vec<i64> = (0..120).filter(|minute| pressure(minute * 60 * SECOND + 1) > 0.0).collect();
        assert_eq!(minutes, [8, 9, 10, 11, 12, 13, 48, 49, 50, 51, 52, 53, 88, 89, 90, 91, 92, 93]);
        assert_eq!(pressure(FIRST + LENGTH / 2), 1.0);
        let starts: Vec<i64> = beginnings(0, 7200 * SECOND).map(|start| start / (60 * SECOND)).collect();
        assert_eq!(starts, [8, 48, 88]);
        assert_eq!(beginnings(FIRST + 1, FIRST + 2).count(), 0);
    }
}
