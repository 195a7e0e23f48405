//! Periodic schedules with a stable offset per task.

use std::time::Duration;

use model::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

const NANOS_PER_MILLISECOND: i64 = 1_000_000;
/// A run that begins within this fraction of its interval around the planned time gets that time.
const TOLERANCE_DIVISOR: i64 = 100;
/// Largest tolerance in nanoseconds. It keeps samples in order with logs and spans of the same
/// time.
const MAX_TOLERANCE: i64 = 100 * NANOS_PER_MILLISECOND;

/// A periodic schedule with a stable offset per task (splay). Times lie on whole milliseconds.
///
/// Even distances compress to almost nothing, while uneven ones take more space than the values.
/// Prometheus tolerates 2 ms. A desktop under load wakes its programs later than that, so a
/// hundredth of an interval (at most 100 ms) is tolerated here. A rate over one interval is off
/// by 1 % at most.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: i64,
    offset: i64,
    planned: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Schedule {
    /// Creates a schedule with one run per `interval`, which is at least a millisecond.
    ///
    /// The offset in the interval is a hash of `key`. Tasks are spread over the interval, and a
    /// task has the same offset after every start.
    pub fn new(interval: Duration, key: &str) -> Self {
        let milliseconds = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40);
        let nanos = |milliseconds: u64| milliseconds as i64 * NANOS_PER_MILLISECOND;
        Self {
            interval: nanos(milliseconds),
            offset: nanos(xxh3_64(key.as_bytes()) % milliseconds),
            planned: None,
            last: None,
        }
    }

    /// Returns the delay before the first run of a task that was just added, below `max`.
    pub fn first_delay(&self, max: Duration) -> Duration {
        let max = i64::try_from(max.as_nanos()).unwrap_or(i64::MAX).min(self.interval).max(1);
        Duration::from_nanos((self.offset % max).unsigned_abs())
    }

    /// Begins a run at `now` and returns the timestamp of its samples.
    ///
    /// The timestamp is the planned time when `now` is within the tolerance, and `now` otherwise.
    pub fn begin(&mut self, now: Timestamp) -> Timestamp {
        let tolerance = (self.interval / TOLERANCE_DIVISOR).min(MAX_TOLERANCE);
        let timestamp = match self.planned {
            Some(planned) if now.since(planned).saturating_abs() <= tolerance => planned,
            _ => now.floor(NANOS_PER_MILLISECOND),
        };
        self.last = Some(timestamp);
        timestamp
    }

    /// Returns the delay from `now`, when a run has ended, to the next run.
    ///
    /// The next run is at the next offset, but at least half an interval after the last run began.
    /// Runs whose time has passed meanwhile are skipped.
    pub fn next_delay(&mut self, now: Timestamp) -> Duration {
        let mut next =
            now.offset(-self.offset).floor(self.interval).offset(self.offset).offset(self.interval);
        // A clock that was set back must not lengthen the delay.
        if self.last.is_some_and(|last| (0..self.interval / 2).contains(&next.since(last))) {
            next = next.offset(self.interval);
        }
        self.planned = Some(next);
        Duration::from_nanos(next.since(now).unsigned_abs())
    }

    /// Returns the timestamp at which a task that stops at `now` ends. It is never before its
    /// last run.
    pub fn end(&self, now: Timestamp) -> Timestamp {
        let now = now.floor(NANOS_PER_MILLISECOND);
        // A larger difference means that the clock was set back.
        self.last.filter(|last| (0..MAX_TOLERANCE).contains(&last.since(now))).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(seconds: f64) -> Timestamp {
        Timestamp((seconds * 1000.0).round() as i64 * NANOS_PER_MILLISECOND)
    }

    /// Returns a schedule with runs at 4, 19, 34, … seconds.
    fn schedule() -> Schedule {
        Schedule { interval: 15 * SECOND, offset: 4 * SECOND, planned: None, last: None }
    }

    /// Returns the time of the run after one that began and ended at the given seconds.
    fn next(began: f64, ended: f64) -> Timestamp {
        let mut schedule = schedule();
        schedule.begin(at(began));
        at(ended).offset(schedule.next_delay(at(ended)).as_nanos() as i64)
    }

    #[test]
    fn runs_keep_their_offset_in_the_interval() {
        assert_eq!(next(100.0, 100.0), at(109.0));
        assert_eq!(next(105.0, 105.0), at(124.0), "109 would be too soon");
        assert_eq!(next(109.0, 109.0), at(124.0));
        assert_eq!(next(109.0, 123.9), at(124.0), "a slow run does not move the next");
        assert_eq!(next(109.0, 124.1), at(139.0), "a missed run is skipped");
        assert_eq!(next(109.0, 300.0), at(304.0), "the offset is the same after sleep");
        assert_eq!(next(109.0, 50.0), at(64.0), "a clock set back does not stop the schedule");
    }

    #[test]
    fn runs_about_in_time_get_the_planned_timestamp() {
        let mut schedule = schedule();
        assert_eq!(
            schedule.begin(Timestamp(100 * SECOND + 1_999_999)),
            at(100.001),
            "nothing is planned yet"
        );
        schedule.next_delay(at(100.2));
        for (began, timestamp) in [(109.0, 109.0), (109.1, 109.0), (108.95, 109.0), (109.101, 109.101)] {
            assert_eq!(schedule.begin(at(began)), at(timestamp), "{began}");
        }
        let mut short = Schedule { interval: SECOND, ..schedule };
        short.next_delay(at(200.5));
        assert_eq!(short.begin(at(201.01)), at(201.0));
        assert_eq!(short.begin(at(201.011)), at(201.011), "a hundredth of a short interval is less");
    }

    #[test]
    fn late_wakes_and_slow_runs_leave_even_distances() {
        let mut schedule = Schedule::new(Duration::from_secs(15), "http://h:9100/metrics");
        let mut now = at(1_800_000_000.123);
        let mut timestamps = Vec::new();
        for run in 0..1000_i64 {
            timestamps.push(schedule.begin(now));
            // From 0 to 14.9 seconds, and every hundredth run longer than two intervals.
            let took = if run % 100 == 99 { 31 * SECOND } else { (run * 7919 % 14_900) * 1_000_000 };
            now = now.offset(took);
            let late = (run * 104_729 % 99) * NANOS_PER_MILLISECOND;
            now = now.offset(schedule.next_delay(now).as_nanos() as i64).offset(late);
        }
        let steps: Vec<i64> = timestamps.windows(2).skip(1).map(|two| two[1].since(two[0])).collect();
        assert_eq!(steps.iter().filter(|step| **step == 15 * SECOND).count(), 989);
        assert!(steps.iter().all(|step| [15 * SECOND, 45 * SECOND].contains(step)));
    }

    #[test]
    fn a_task_never_ends_before_its_last_run() {
        let mut schedule = schedule();
        schedule.begin(at(100.0));
        schedule.next_delay(at(100.0));
        assert_eq!(schedule.begin(at(108.95)), at(109.0));
        assert_eq!(schedule.end(at(108.96)), at(109.0));
        assert_eq!(schedule.end(at(110.0)), at(110.0));
        assert_eq!(schedule.end(at(50.0)), at(50.0));
    }

    #[test]
    fn tasks_are_spread_over_the_interval_and_start_soon() {
        let interval = Duration::from_secs(15);
        let of = |number: i32| Schedule::new(interval, &format!("h:{number}"));
        let offsets: Vec<i64> = (0..200).map(|number| of(number).offset).collect();
        assert!(offsets.iter().all(|offset| (0..15 * SECOND).contains(offset)));
        assert!((0..4).all(|quarter| offsets.iter().any(|offset| offset / (15 * SECOND / 4) == quarter)));
        assert!(
            (0..200).all(|number| of(number).first_delay(Duration::from_secs(1)) < Duration::from_secs(1))
        );
        assert_eq!(of(7).offset, of(7).offset);
        assert_eq!(Schedule::new(Duration::ZERO, "x").interval, NANOS_PER_MILLISECOND);
    }
}
