//! The usual distance of the samples of a series, and the gaps between them.

use model::{SampleSpan, Timestamp};

/// Distances that the usual one is taken from.
const RECENT: usize = 5;
/// A distance of more than this many usual ones is a gap. One missing sample makes none.
const MAX_INTERVALS: f64 = 2.5;

/// The latest distances of the samples of a series.
#[derive(Debug, Default)]
struct Cadence {
    recent: [i64; RECENT],
    added: usize,
}

impl Cadence {
    fn add(&mut self, distance: i64) {
        let position = self.added % RECENT;
        if let Some(oldest) = self.recent.get_mut(position) {
            *oldest = distance;
        }
        self.added += 1;
    }

    /// Returns the median of the latest distances, the smaller one of two; 0 without any.
    fn interval(&self) -> i64 {
        let mut sorted = self.recent;
        let known = sorted.get_mut(..self.added.min(RECENT)).unwrap_or_default();
        known.sort_unstable();
        known.get(known.len().saturating_sub(1) / 2).copied().unwrap_or_default()
    }
}

/// Computes the spans of the samples of one series, in order of time.
#[derive(Debug, Default)]
pub(crate) struct SpanTracker {
    cadence: Cadence,
    last: Option<i64>,
    has_ended: bool,
}

impl SpanTracker {
    /// Adds one or more samples and returns their span. `start` is that of the first one.
    pub(crate) fn add(&mut self, first: i64, last: i64, count: u64, start: Option<i64>) -> SampleSpan {
        let previous = self.last.replace(last);
        let mut is_after_gap = true;
        if let Some(previous) = previous {
            let distance = first.saturating_sub(previous);
            self.cadence.add(distance);
            is_after_gap = self.has_ended || distance as f64 > MAX_INTERVALS * self.cadence.interval() as f64;
        }
        if let Some(distance) = last.saturating_sub(first).checked_div(count.saturating_sub(1) as i64) {
            (0..count.saturating_sub(1).min(RECENT as u64)).for_each(|_| self.cadence.add(distance));
        }
        self.has_ended = false;
        SampleSpan {
            previous: previous.map(Timestamp),
            is_after_gap,
            start: start.map(Timestamp),
            first: Timestamp(first),
            last: Timestamp(last),
            count,
            steady: last.saturating_sub(first),
            interval: self.cadence.interval(),
            ended: None,
        }
    }

    /// Marks the end of the series. It may resume.
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
    }
}

/// The steps that the samples of a range are aggregated by.
///
/// Samples before the range and those at its end are in steps of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepBounds {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) step: i64,
}

/// The step of a sample; samples with equal keys are in one step.
pub(crate) type StepKey = (bool, bool, i64);

impl StepBounds {
    /// Returns the step of a time.
    pub(crate) fn key(&self, time: i64) -> StepKey {
        (time >= self.start, time >= self.end, Timestamp(time).floor(self.step).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(times: &[i64]) -> Vec<bool> {
        let mut tracker = SpanTracker::default();
        times.iter().map(|time| tracker.add(*time, *time, 1, None).is_after_gap).collect()
    }

    #[test]
    fn a_missing_sample_is_no_gap_and_two_are_one() {
        assert_eq!(gaps(&[0, 10, 20, 40, 50]), [true, false, false, false, false]);
        assert_eq!(gaps(&[0, 10, 20, 50, 60]), [true, false, false, true, false]);
    }

    #[test]
    fn another_interval_becomes_the_usual_one() {
        let times = [0, 10, 20, 30, 40, 50, 110, 170, 230, 290];
        let expected = [true, false, false, false, false, false, true, true, false, false];
        assert_eq!(gaps(&times), expected);
    }

    #[test]
    fn the_end_of_a_series_is_a_gap() {
        let mut tracker = SpanTracker::default();
        assert!(tracker.add(0, 100, 11, None).is_after_gap);
        tracker.end();
        assert!(tracker.add(110, 110, 1, None).is_after_gap);
        let span = tracker.add(120, 120, 1, None);
        assert_eq!((span.is_after_gap, span.interval), (false, 10));
    }
}
