//! When what is done again and again is done: at a place of its own in each interval, however long a round takes.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::Timestamp;

const NANOS_PER_MILLISECOND: i64 = 1_000_000;
/// A round that begins this part of an interval beside its time is noted at its time.
const TOLERANCE_DIVISOR: i64 = 100;
/// And never when it is further away than this, so that samples stay in order with logs and spans of that moment.
const MOST_TOLERANCE: i64 = 100 * NANOS_PER_MILLISECOND;

/// The rounds of one source. Times lie on whole milliseconds.
///
/// Even distances compress to almost nothing where uneven ones take more room than the values. Prometheus forgives
/// 2 ms; a desktop under load wakes its programs later than that, so that a hundredth of an interval (at most 100 ms)
/// is forgiven here: a rate over one interval is off by 1 % at most, and one over several by less.
#[derive(Debug, Clone)]
pub struct Cadence {
    interval: i64,
    place: i64,
    planned: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Cadence {
    /// One round per `interval`; `whose` decides where in it, so that not all sources are asked at once, and the same
    /// source at the same place after every start.
    pub fn new(interval: Duration, whose: &str) -> Self {
        let milliseconds = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40);
        let nanos = |milliseconds: u64| milliseconds as i64 * NANOS_PER_MILLISECOND;
        Self {
            interval: nanos(milliseconds),
            place: nanos(xxh3_64(whose.as_bytes()) % milliseconds),
            planned: None,
            last: None,
        }
    }

    /// How long the first round of a source that was just added waits, at most `most`.
    pub fn first_wait(&self, most: Duration) -> Duration {
        let most = i64::try_from(most.as_nanos()).unwrap_or(i64::MAX).min(self.interval).max(1);
        Duration::from_nanos((self.place % most).unsigned_abs())
    }

    /// A round begins at `now`: the time it is noted at.
    pub fn begin(&mut self, now: Timestamp) -> Timestamp {
        let tolerance = (self.interval / TOLERANCE_DIVISOR).min(MOST_TOLERANCE);
        let noted = match self.planned {
            Some(planned) if now.since(planned).saturating_abs() <= tolerance => planned,
            _ => now.floor(NANOS_PER_MILLISECOND),
        };
        self.last = Some(noted);
        noted
    }

    /// How long after `now`, when a round is over, the next one begins: at the next place of the source, and not
    /// before half an interval has gone by since the last began. Places that went by meanwhile are left out.
    pub fn next_wait(&mut self, now: Timestamp) -> Duration {
        let mut next = now.offset(-self.place).floor(self.interval).offset(self.place).offset(self.interval);
        // A clock that was set back must not stretch the wait.
        if self.last.is_some_and(|last| (0..self.interval / 2).contains(&next.since(last))) {
            next = next.offset(self.interval);
        }
        self.planned = Some(next);
        Duration::from_nanos(next.since(now).unsigned_abs())
    }

    /// The time at which a source that ends at `now` is noted to end: never before its last round.
    pub fn end(&self, now: Timestamp) -> Timestamp {
        let now = now.floor(NANOS_PER_MILLISECOND);
        // A clock that was set back is believed.
        self.last.filter(|last| (0..MOST_TOLERANCE).contains(&last.since(now))).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(seconds: f64) -> Timestamp {
        Timestamp((seconds * 1000.0).round() as i64 * NANOS_PER_MILLISECOND)
    }

    /// One with the places 4, 19, 34, … seconds.
    fn cadence() -> Cadence {
        Cadence { interval: 15 * SECOND, place: 4 * SECOND, planned: None, last: None }
    }

    /// When the next round begins after one that began and ended then.
    fn next(began: f64, ended: f64) -> Timestamp {
        let mut cadence = cadence();
        cadence.begin(at(began));
        at(ended).offset(cadence.next_wait(at(ended)).as_nanos() as i64)
    }

    #[test]
    fn rounds_keep_their_place_in_the_interval() {
        assert_eq!(next(100.0, 100.0), at(109.0));
        assert_eq!(next(105.0, 105.0), at(124.0), "109 would be too soon");
        assert_eq!(next(109.0, 109.0), at(124.0));
        assert_eq!(next(109.0, 123.9), at(124.0), "a slow round does not move the next");
        assert_eq!(next(109.0, 124.1), at(139.0), "one that was missed is not made up for");
        assert_eq!(next(109.0, 300.0), at(304.0), "after sleep it goes on at its place");
        assert_eq!(next(109.0, 50.0), at(64.0), "a clock set back does not stop it");
    }

    #[test]
    fn what_begins_about_in_time_is_noted_in_time() {
        let mut cadence = cadence();
        assert_eq!(cadence.begin(Timestamp(100 * SECOND + 1_999_999)), at(100.001), "nothing is planned yet");
        cadence.next_wait(at(100.2));
        for (began, noted) in [(109.0, 109.0), (109.1, 109.0), (108.95, 109.0), (109.101, 109.101)] {
            assert_eq!(cadence.begin(at(began)), at(noted), "{began}");
        }
        let mut short = Cadence { interval: SECOND, ..cadence };
        short.next_wait(at(200.5));
        assert_eq!(short.begin(at(201.01)), at(201.0));
        assert_eq!(short.begin(at(201.011)), at(201.011), "a hundredth of a short interval is less");
    }

    #[test]
    fn late_wakes_and_slow_rounds_leave_even_distances() {
        let mut cadence = Cadence::new(Duration::from_secs(15), "http://h:9100/metrics");
        let mut now = at(1_800_000_000.123);
        let mut noted = Vec::new();
        for round in 0..1000_i64 {
            noted.push(cadence.begin(now));
            // From 0 to 14.9 seconds, and now and then longer than an interval.
            let took = if round % 100 == 99 { 31 * SECOND } else { (round * 7919 % 14_900) * 1_000_000 };
            now = now.offset(took);
            let late = (round * 104_729 % 99) * NANOS_PER_MILLISECOND;
            now = now.offset(cadence.next_wait(now).as_nanos() as i64).offset(late);
        }
        let steps: Vec<i64> = noted.windows(2).skip(1).map(|two| two[1].since(two[0])).collect();
        assert_eq!(steps.iter().filter(|step| **step == 15 * SECOND).count(), 989);
        assert!(steps.iter().all(|step| [15 * SECOND, 45 * SECOND].contains(step)));
    }

    #[test]
    fn nothing_ends_before_it_was_last_seen() {
        let mut cadence = cadence();
        cadence.begin(at(100.0));
        cadence.next_wait(at(100.0));
        assert_eq!(cadence.begin(at(108.95)), at(109.0));
        assert_eq!(cadence.end(at(108.96)), at(109.0));
        assert_eq!(cadence.end(at(110.0)), at(110.0));
        assert_eq!(cadence.end(at(50.0)), at(50.0));
    }

    #[test]
    fn sources_are_spread_over_the_interval_and_start_soon() {
        let interval = Duration::from_secs(15);
        let of = |number: i32| Cadence::new(interval, &format!("h:{number}"));
        let places: Vec<i64> = (0..200).map(|number| of(number).place).collect();
        assert!(places.iter().all(|place| (0..15 * SECOND).contains(place)));
        assert!((0..4).all(|quarter| places.iter().any(|place| place / (15 * SECOND / 4) == quarter)));
        assert!(
            (0..200).all(|number| of(number).first_wait(Duration::from_secs(1)) < Duration::from_secs(1))
        );
        assert_eq!(of(7).place, of(7).place);
        assert_eq!(Cadence::new(Duration::ZERO, "x").interval, NANOS_PER_MILLISECOND);
    }
}
