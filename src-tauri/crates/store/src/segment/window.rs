//! Windows of segments: intervals aligned to the epoch.

use model::{NANOS_PER_SECOND, TimeRange, Timestamp};

const HOUR: i64 = 3600 * NANOS_PER_SECOND;
/// Lengths of windows by level. One more level has a single window for all of time.
const LENGTHS: [i64; 3] = [4 * HOUR, 24 * HOUR, 30 * 24 * HOUR];
/// The level of the one window for all of time.
pub(crate) const EVERYTHING: u8 = LENGTHS.len() as u8;
/// The level of a day.
pub(crate) const DAY: u8 = 1;
/// Windows that one head is divided into at most. Beyond that, longer windows are used.
const MAX_WINDOWS: usize = 64;

/// Returns the length of the windows of a level in nanoseconds.
pub(crate) fn length(level: u8) -> i64 {
    LENGTHS.get(usize::from(level)).copied().unwrap_or(i64::MAX)
}

/// Returns the window of a level that holds a time. Its end is the largest number where it has
/// none.
pub(crate) fn window(time: i64, level: u8) -> TimeRange {
    let Some(length) = LENGTHS.get(usize::from(level)) else {
        return TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
    };
    let start = i128::from(time.div_euclid(*length)) * i128::from(*length);
    let fit = |time: i128| i64::try_from(time).unwrap_or(if time < 0 { i64::MIN } else { i64::MAX });
    TimeRange::new(Timestamp(fit(start)), Timestamp(fit(start + i128::from(*length))))
}

/// Returns the shortest window that holds two times, and its level.
pub(crate) fn around(first: i64, last: i64) -> (u8, TimeRange) {
    let levels = (0..EVERYTHING).map(|level| (level, window(first, level)));
    let mut around = levels.filter(|(_, window)| last < window.end.0);
    around.next().unwrap_or_else(|| (EVERYTHING, window(first, EVERYTHING)))
}

/// Returns ascending windows that hold all times, and their level: the shortest with at most
/// [`MAX_WINDOWS`]. `times` holds one time of each shortest window.
pub(crate) fn windows(times: &[i64]) -> (u8, Vec<TimeRange>) {
    for level in 0..=EVERYTHING {
        let mut windows: Vec<_> = times.iter().map(|time| window(*time, level)).collect();
        windows.sort_unstable_by_key(|window| window.start);
        windows.dedup();
        if windows.len() <= MAX_WINDOWS || level == EVERYTHING {
            return (level, windows);
        }
    }
    (EVERYTHING, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_their_times_up_to_the_ends_of_64_bits() {
        for time in [i64::MIN, -1, 0, 1, HOUR * 4, i64::MAX] {
            for level in 0..=EVERYTHING {
                let found = window(time, level);
                assert!(
                    found.start.0 <= time && (time < found.end.0 || found.end.0 == i64::MAX),
                    "{time} {level}"
                );
            }
        }
        assert_eq!(window(-1, 0), TimeRange::new(Timestamp(-4 * HOUR), Timestamp(0)));
    }

    #[test]
    fn many_windows_become_fewer_and_longer_ones() {
        let times: Vec<i64> = (0..65).map(|n| n * 4 * HOUR).collect();
        assert_eq!(windows(&times[..64]).1.len(), 64);
        let (level, found) = windows(&times);
        assert_eq!((level, found.len()), (DAY, 11));
        let far: Vec<i64> = (0..100).map(|n| n * 31 * 24 * HOUR).collect();
        assert_eq!(windows(&far).0, EVERYTHING);
    }
}
