//! Time windows of requests. Pure.

use model::{NANOS_PER_SECOND, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) const HOUR: i64 = 3600 * NANOS_PER_SECOND;
/// Maximum age of a window. Older time is skipped.
const MAX_AGE: i64 = 7 * 24 * HOUR;
/// Delay after which a window is requested again, for events that reach the installation late.
pub(crate) const LATE: i64 = 900 * NANOS_PER_SECOND;
/// Lengths of windows in seconds; each divides an hour.
const LENGTHS: [u32; 9] = [60, 120, 180, 300, 600, 900, 1200, 1800, 3600];

/// A closed time window, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Window {
    /// Returns the time of its metrics: the last millisecond of the window.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.end.offset(-1_000_000)
    }

    /// Formats a time for the API, in UTC to the second.
    pub(crate) fn text(time: Timestamp) -> String {
        chrono::DateTime::from_timestamp_nanos(time.0).format("%Y-%m-%dT%H:%M:%S").to_string()
    }
}

/// The division of time into windows for one feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Length of a window_parameters, in nanoseconds; divides an hour.
    pub(crate) length: i64,
    /// Delay between the end of a window and its request.
    pub(crate) settle: i64,
    /// Age of the first window.
    pub(crate) backfill: i64,
}

impl Plan {
    /// Returns windows of an hour, the shortest for outcomes and sessions.
    pub(crate) fn hourly(settings: &config::Sentry) -> Self {
        Self {
            length: HOUR,
            settle: i64::from(settings.settle_seconds) * NANOS_PER_SECOND,
            backfill: i64::from(settings.backfill_hours) * HOUR,
        }
    }

    /// Returns windows of about the interval, at least a minute.
    pub(crate) fn fine(settings: &config::Sentry) -> Self {
        let seconds = LENGTHS.into_iter().rfind(|length| *length <= settings.interval_seconds).unwrap_or(60);
        Self { length: i64::from(seconds) * NANOS_PER_SECOND, ..Self::hourly(settings) }
    }

    /// Returns the next window after `done`, or none before one has closed. `now` is the time of
    /// the server. Windows more than an hour in the past last an hour.
    pub(crate) fn next(self, done: Option<Timestamp>, now: Timestamp) -> Option<Window> {
        let closed = now.offset(-self.settle).floor(self.length);
        let first = now.offset(-self.backfill).floor(HOUR);
        let start = done.unwrap_or(first).max(now.offset(-MAX_AGE).floor(HOUR));
        let hour_end = start.floor(HOUR).offset(HOUR);
        let fine_end = start.floor(self.length).offset(self.length);
        let end = if closed.since(start) >= HOUR { hour_end } else { fine_end };
        (end <= closed).then_some(Window { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_nanos_opt().unwrap())
    }

    fn plan(length_seconds: i64) -> Plan {
        Plan { length: length_seconds * NANOS_PER_SECOND, settle: 120 * NANOS_PER_SECOND, backfill: 3 * HOUR }
    }

    #[test]
    fn windows_are_closed_and_follow_each_other_without_gap_or_overlap() {
        for length in [60, 300, 3600] {
            let (mut now, mut done) = (at("2026-11-22T12:34:56Z"), None);
            for step in 0..3000 {
                while let Some(window) = plan(length).next(done, now) {
                    assert!(window.end > window.start && window.end.since(window.start) <= HOUR);
                    assert!(now.since(window.end) >= 120 * NANOS_PER_SECOND, "{window:?} is not closed");
                    assert!(done.is_none_or(|done| done == window.start), "{window:?}");
                    done = Some(window.end);
                }
                // Sometimes the machine sleeps for hours.
                now = now.offset(if step % 100 == 99 { 5 * HOUR } else { 37 * NANOS_PER_SECOND });
            }
        }
    }

    #[test]
    fn the_first_window_and_a_long_absence_are_bounded() {
        let now = at("2026-11-22T12:34:56Z");
        let first = plan(60).next(None, now).unwrap();
        assert_eq!((first.start, first.end), (at("2026-11-22T09:00:00Z"), at("2026-11-22T10:00:00Z")));
        let late = plan(60).next(Some(at("2020-01-01T00:00:00Z")), now).unwrap();
        assert_eq!(late.start, at("2026-11-15T12:00:00Z"));
        let none = Plan { backfill: 0, ..plan(3600) };
        assert_eq!(none.next(None, now), None);
    }

    #[test]
    fn a_clock_set_back_waits_and_an_odd_start_is_aligned() {
        let now = at("2026-11-22T12:34:56Z");
        assert_eq!(plan(60).next(Some(at("2026-11-22T13:00:00Z")), now), None);
        let odd = plan(300).next(Some(at("2026-11-22T12:13:00Z")), now).unwrap();
        assert_eq!(odd.end, at("2026-11-22T12:15:00Z"));
        let late = plan(60).next(Some(at("2026-11-22T10:13:00Z")), now).unwrap();
        assert_eq!(late.end, at("2026-11-22T11:00:00Z"));
    }

    #[test]
    fn the_timestamp_is_in_the_window() {
        let window = plan(60).next(None, at("2026-11-22T12:34:56Z")).unwrap();
        assert!(window.start < window.timestamp() && window.timestamp() < window.end);
        assert_eq!(Window::text(window.start), "2026-11-22T09:00:00");
    }
}
