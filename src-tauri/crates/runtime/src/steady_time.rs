//! A wall time that does not follow a jump of the machine's clock until the jump has lasted.
//!
//! Time between two readings is measured by a clock that cannot be set. A wall clock that disagrees
//! with it was set, or stopped. Most such jumps are undone within seconds, and records stamped
//! meanwhile would outrank all later ones.
//!
//! Small differences are followed slowly. If each were followed at once, the time would follow a
//! clock that stopped: it is a little behind at every reading. Rates would be those of no time.

use std::time::Duration;

use model::{NANOS_PER_SECOND, TimeRange, Timestamp};

/// Differences up to this many nanoseconds are no jump, such as corrections by NTP.
const TOLERANCE: i64 = 2 * NANOS_PER_SECOND;
/// The part of the elapsed time by which a small difference is corrected: one in this many.
const CORRECTION: i64 = 100;
/// A jump that has lasted this many nanoseconds is followed.
const HOLD: i64 = 60 * NANOS_PER_SECOND;
/// Jumps that are remembered.
pub(crate) const MAX_JUMPS: usize = 32;

/// A jump of the machine's wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockJump {
    /// Position among all jumps of this process, from 1.
    pub number: u64,
    /// The time at which it began, by the clock before it.
    pub began: Timestamp,
    /// The time at which it was undone or followed, by the clock after it. None while neither.
    pub ended: Option<Timestamp>,
    /// Nanoseconds that the wall clock was ahead. Negative if it was behind.
    pub offset: i64,
    /// Set if the jump lasted and the clock follows it.
    pub is_followed: bool,
    /// The times of which records may be of two times, if it was followed.
    pub two_times: Option<TimeRange>,
}

/// A jump that is neither undone nor followed yet.
#[derive(Debug, Clone, Copy)]
struct Ongoing {
    began: Timestamp,
    /// The unset time at which the wall clock had this offset first.
    since: i64,
    offset: i64,
}

/// The steady wall time and its recent jumps.
#[derive(Debug)]
pub(crate) struct SteadyTime {
    /// A steady time and the unset time at which it was read.
    anchor: Option<(Timestamp, i64)>,
    ongoing: Option<Ongoing>,
    jumps: Vec<ClockJump>,
    count: u64,
    /// The start of the time without a followed jump.
    since: Option<Timestamp>,
    /// The times before followed jumps, each by the clock of then.
    left: Vec<TimeRange>,
}

impl SteadyTime {
    pub(crate) const fn new() -> Self {
        Self { anchor: None, ongoing: None, jumps: Vec::new(), count: 0, since: None, left: Vec::new() }
    }

    /// Returns the steady time for readings of the wall clock and of a clock that cannot be set.
    pub(crate) fn read(&mut self, wall: Timestamp, unset: Duration) -> Timestamp {
        let unset = i64::try_from(unset.as_nanos()).unwrap_or(i64::MAX);
        let Some((anchor, at)) = self.anchor else {
            self.anchor = Some((wall, unset));
            self.since = Some(wall);
            return wall;
        };
        let elapsed = unset.saturating_sub(at);
        let expected = anchor.offset(elapsed);
        let offset = wall.since(expected);
        if offset.saturating_abs() <= TOLERANCE {
            let limit = elapsed.max(0) / CORRECTION;
            let corrected = expected.offset(offset.clamp(-limit, limit));
            if let Some(ongoing) = self.ongoing.take() {
                self.end(ongoing, corrected, false);
            }
            self.anchor = Some((corrected, unset));
            return corrected;
        }
        let is_new = |ongoing: &Ongoing| offset.saturating_sub(ongoing.offset).saturating_abs() > TOLERANCE;
        let ongoing = match self.ongoing {
            // It moved on: its hold begins again.
            Some(ongoing) if is_new(&ongoing) => Ongoing { since: unset, offset, ..ongoing },
            Some(ongoing) => ongoing,
            None => Ongoing { began: expected, since: unset, offset },
        };
        if unset.saturating_sub(ongoing.since) < HOLD {
            self.ongoing = Some(ongoing);
            return expected;
        }
        self.ongoing = None;
        self.end(ongoing, wall, true);
        let since = self.since.unwrap_or(expected);
        if let Some(jump) = self.jumps.last_mut() {
            // The time before the jump differs from all times behind it.
            let start = since.max(wall).min(expected.offset(-1));
            jump.two_times = Some(TimeRange::new(start, expected));
        }
        if self.left.len() == MAX_JUMPS {
            self.left.remove(0);
        }
        self.left.push(TimeRange::new(since, expected));
        self.since = Some(wall);
        self.anchor = Some((wall, unset));
        wall
    }

    /// Returns the recent jumps, oldest first, and the one that lasts.
    pub(crate) fn jumps(&self) -> Vec<ClockJump> {
        let ongoing = self.ongoing.map(|ongoing| ClockJump {
            number: self.count + 1,
            began: ongoing.began,
            ended: None,
            offset: ongoing.offset,
            is_followed: false,
            two_times: None,
        });
        self.jumps.iter().copied().chain(ongoing).collect()
    }

    /// Returns whether a followed jump is within a range, or a part of the range passed twice.
    pub(crate) fn was_set_within(&self, range: TimeRange) -> bool {
        self.left.iter().any(|left| left.start < range.end && range.start < left.end)
    }

    /// Adds the times of jumps that an earlier process followed, oldest first.
    pub(crate) fn restore(&mut self, two_times: &[TimeRange]) {
        let is_known = |range: &TimeRange| {
            self.left.iter().any(|left| left.start <= range.start && range.end <= left.end)
        };
        let unknown = two_times.iter().filter(|range| !is_known(range)).copied();
        let restored: Vec<TimeRange> = unknown.chain(self.left.iter().copied()).collect();
        self.left = restored[restored.len().saturating_sub(MAX_JUMPS)..].to_vec();
    }

    fn end(&mut self, ongoing: Ongoing, ended: Timestamp, is_followed: bool) {
        self.count += 1;
        if self.jumps.len() == MAX_JUMPS {
            self.jumps.remove(0);
        }
        self.jumps.push(ClockJump {
            number: self.count,
            began: ongoing.began,
            ended: Some(ended),
            offset: ongoing.offset,
            is_followed,
            two_times: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600 * NANOS_PER_SECOND;
    const YEAR: i64 = 365 * 24 * HOUR;

    /// Reads at a number of seconds with a wall clock that is ahead.
    fn read(time: &mut SteadyTime, seconds: u64, ahead: i64) -> i64 {
        let wall = Timestamp(seconds as i64 * NANOS_PER_SECOND + ahead);
        time.read(wall, Duration::from_secs(seconds)).0
    }

    fn at(seconds: i64) -> i64 {
        seconds * NANOS_PER_SECOND
    }

    #[test]
    fn a_jump_for_seconds_is_not_followed_but_remembered() {
        for offset in [2 * HOUR, -2 * HOUR, 5 * YEAR, -5 * YEAR] {
            let mut time = SteadyTime::new();
            assert_eq!(read(&mut time, 100, 0), at(100));
            for second in 101..=112 {
                assert_eq!(read(&mut time, second, offset), at(second as i64), "{offset}");
            }
            assert_eq!(time.jumps()[0].ended, None);
            assert_eq!(read(&mut time, 113, 0), at(113));
            assert_eq!(
                time.jumps(),
                [ClockJump {
                    number: 1,
                    began: Timestamp(at(101)),
                    ended: Some(Timestamp(at(113))),
                    offset,
                    is_followed: false,
                    two_times: None,
                }]
            );
        }
    }

    #[test]
    fn a_jump_that_lasts_is_followed() {
        let mut time = SteadyTime::new();
        read(&mut time, 100, 0);
        assert_eq!(read(&mut time, 110, HOUR), at(110));
        assert_eq!(read(&mut time, 169, HOUR), at(169));
        assert_eq!(read(&mut time, 170, HOUR), at(170) + HOUR);
        assert_eq!(read(&mut time, 180, HOUR), at(180) + HOUR);
        let jumps = time.jumps();
        assert_eq!((jumps.len(), jumps[0].is_followed, jumps[0].offset), (1, true, HOUR));
        assert_eq!(jumps[0].ended, Some(Timestamp(at(170) + HOUR)));
    }

    #[test]
    fn ranges_that_passed_twice_or_have_a_jump_within_are_known() {
        let range = |from, to| TimeRange::new(Timestamp(at(from)), Timestamp(at(to)));
        let mut time = SteadyTime::new();
        for second in 1000..=1200 {
            read(&mut time, second, 0);
        }
        assert!(!time.was_set_within(range(0, 1200)));
        // Ahead from 1200, followed at 1261, and right again from 1300, followed at 1361.
        for (seconds, ahead) in [(1201..1300, at(100)), (1300..1400, 0)] {
            for second in seconds {
                read(&mut time, second, ahead);
            }
        }
        assert_eq!(time.jumps().iter().filter(|jump| jump.is_followed).count(), 2);
        // The clock that was ahead passed 1361 to 1460.
        for (from, to, expected) in [
            (1200, 1240, true),
            (1350, 1365, true),
            (1440, 1461, true),
            (1462, 1470, false),
            (900, 999, false),
        ] {
            assert_eq!(time.was_set_within(range(from, to)), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_times_of_followed_jumps_hold_in_the_next_process() {
        let range = |from, to| TimeRange::new(Timestamp(at(from)), Timestamp(at(to)));
        let two_times = |began: u64, ahead: i64| {
            let mut time = SteadyTime::new();
            for second in began..=1200 {
                read(&mut time, second, 0);
            }
            for second in 1201..=1300 {
                read(&mut time, second, ahead);
            }
            time.jumps()[0].two_times.unwrap()
        };
        // Followed at 1261.
        assert_eq!(two_times(1000, -at(100)), range(1161, 1261));
        assert_eq!(two_times(1190, -at(100)), range(1190, 1261), "nothing was recorded before");
        let ahead = two_times(1000, at(100));
        assert_eq!((ahead.length(), ahead.end), (1, Timestamp(at(1261))));

        let mut next = SteadyTime::new();
        read(&mut next, 1250, 0);
        let expected = [(1240, 1250, true), (1261, 1270, false), (1000, 1161, false), (1000, 1162, true)];
        assert!(expected.iter().all(|(from, to, _)| !next.was_set_within(range(*from, *to))));
        next.restore(&[range(1161, 1261)]);
        next.restore(&[range(1161, 1261)]);
        assert_eq!(next.left.len(), 1);
        for (from, to, expected) in expected {
            assert_eq!(next.was_set_within(range(from, to)), expected, "{from} {to}");
        }
        next.restore(&(0..40).map(|number| range(number, number + 2)).collect::<Vec<_>>());
        assert_eq!((next.left.len(), next.left[MAX_JUMPS - 1]), (MAX_JUMPS, range(1161, 1261)));
    }

    #[test]
    fn small_corrections_are_followed_slowly() {
        for offset in [NANOS_PER_SECOND, -NANOS_PER_SECOND] {
            let mut time = SteadyTime::new();
            read(&mut time, 100, 0);
            for second in 101..=200 {
                let corrected = offset / 100 * (second - 100);
                assert_eq!(read(&mut time, second as u64, offset), at(second) + corrected);
            }
            assert_eq!(read(&mut time, 300, offset), at(300) + offset);
            assert_eq!(time.jumps(), []);
        }
    }

    /// Reads four times a second, from one second to another, with a wall clock that is ahead.
    fn read_often(time: &mut SteadyTime, seconds: (i64, i64), mut ahead: impl FnMut(i64) -> i64) {
        let mut last = time.anchor.map(|(anchor, _)| anchor);
        for quarter in seconds.0 * 4..seconds.1 * 4 {
            let unset = quarter * NANOS_PER_SECOND / 4;
            let now = time.read(Timestamp(unset + ahead(unset)), Duration::from_nanos(unset as u64));
            assert!((now.0 - unset).abs() < NANOS_PER_SECOND / 2, "{quarter}");
            assert!(last.replace(now).is_none_or(|last| last < now), "{quarter}");
        }
    }

    #[test]
    fn a_clock_that_stops_and_goes_on_is_not_followed_but_remembered() {
        let mut time = SteadyTime::new();
        read_often(&mut time, (0, 100), |_| 0);
        read_often(&mut time, (100, 120), |unset| at(100) - unset);
        assert_eq!(time.jumps()[0].ended, None);
        read_often(&mut time, (120, 400), |_| 0);
        let jumps = time.jumps();
        assert_eq!((jumps.len(), jumps[0].is_followed), (1, false));
        assert!(jumps[0].offset < -at(15), "{jumps:?}");
    }

    #[test]
    fn a_clock_that_runs_fast_or_slowly_is_not_followed() {
        for share in [2, 5, -5, -2] {
            let mut time = SteadyTime::new();
            read_often(&mut time, (0, 300), |unset| unset / share);
            assert_eq!(time.jumps().len(), 1);
        }
    }

    #[test]
    fn a_clock_that_keeps_jumping_is_not_followed() {
        let mut time = SteadyTime::new();
        read(&mut time, 0, 0);
        for second in 1..300 {
            assert_eq!(read(&mut time, second, HOUR * second as i64), at(second as i64));
        }
        assert_eq!(time.jumps().len(), 1);
    }
}
