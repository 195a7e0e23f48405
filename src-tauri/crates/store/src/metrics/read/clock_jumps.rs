//! Counters over times that passed twice, because the clock of the machine was set back.
//!
//! The samples of both passes lie between each other, and each of the earlier pass would seem to
//! follow a reset.

use std::ops::Range;

use model::is_stale;

use super::merged_series::SampleSink;
use crate::{StoreError, metrics::rollup::interval::Interval, read::reader::Reader};

/// A sample: time, start time and value.
type Row = (i64, Option<i64>, f64);

/// The times that may have passed twice, in order of their start.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClockJumps(Vec<Range<i64>>);

/// A receiver of a counter's samples that can begin anew.
pub(crate) trait CounterSink: SampleSink {
    /// Makes the next sample the first after a gap. Nothing is gained before it.
    fn begin_anew(&mut self);
}

impl ClockJumps {
    /// Reads the times that overlap a range.
    pub(crate) fn read(reader: &Reader, start: i64, end: i64) -> Result<Self, StoreError> {
        let sql = "SELECT start_time, end_time FROM clock_jumps WHERE start_time < ? AND end_time > ? \
                   ORDER BY start_time";
        reader.rows(sql, &[end.into(), start.into()], |row| Ok(row.get(0)?..row.get(1)?)).map(Self)
    }

    /// Returns all of them.
    pub(crate) fn all(&self) -> &[Range<i64>] {
        &self.0
    }
}

/// A sink for the samples of one counter, in order of time. Of times that passed twice it passes on
/// those of the later pass.
pub(crate) struct LaterPass<'a, S: CounterSink> {
    jumps: &'a [Range<i64>],
    sink: &'a mut S,
    /// The samples of the times that passed twice and end at `until`.
    rows: Vec<Row>,
    until: i64,
}

impl<'a, S: CounterSink> LaterPass<'a, S> {
    /// Creates a sink that passes samples on to `sink`.
    pub(crate) fn new(jumps: &'a [Range<i64>], sink: &'a mut S) -> Self {
        Self { jumps, sink, rows: Vec::new(), until: i64::MIN }
    }

    /// Returns the end of the times that passed twice and overlap a range.
    fn end_of(&self, first: i64, last: i64) -> Option<i64> {
        let overlapping = self.jumps.iter().filter(|jump| jump.start <= last && first < jump.end);
        overlapping.map(|jump| jump.end).max()
    }

    /// Passes on the collected samples. Those of the earlier pass are below the smallest from which
    /// the counter falls.
    fn flush(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let falls = rows.windows(2).filter(|pair| pair[1].2 < pair[0].2).map(|pair| pair[0].2);
        let later = falls.min_by(f64::total_cmp);
        if later.is_some() {
            self.sink.begin_anew();
        }
        for (time, start_time, value) in rows {
            if later.is_none_or(|later| value >= later) {
                self.sink.add_sample(time, start_time, value);
            }
        }
    }

    /// Passes on the samples that are left.
    pub(crate) fn finish(mut self) {
        self.flush();
    }
}

impl<S: CounterSink> SampleSink for LaterPass<'_, S> {
    fn add_sample(&mut self, time: i64, start_time: Option<i64>, value: f64) {
        if time >= self.until && !self.rows.is_empty() {
            self.flush();
        }
        match self.end_of(time, time) {
            // The end of a series in one pass is none in the other.
            Some(_) if is_stale(value) => {}
            Some(until) => {
                self.until = until;
                self.rows.push((time, start_time, value));
            }
            None => self.sink.add_sample(time, start_time, value),
        }
    }

    fn add_interval(&mut self, interval: &Interval) {
        self.flush();
        match self.end_of(interval.first_time(), interval.last_time()) {
            // It counts resets that were none, and cannot be divided.
            Some(_) => self.sink.begin_anew(),
            None => self.sink.add_interval(interval),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What arrives, none for a new beginning.
    #[derive(Default)]
    struct Arrived(Vec<Option<(i64, f64)>>);

    impl SampleSink for Arrived {
        fn add_sample(&mut self, time: i64, _: Option<i64>, value: f64) {
            self.0.push(Some((time, value)));
        }

        fn add_interval(&mut self, interval: &Interval) {
            self.0.push(Some((interval.first_time(), f64::NAN)));
        }
    }

    impl CounterSink for Arrived {
        fn begin_anew(&mut self) {
            self.0.push(None);
        }
    }

    fn resolved(jumps: &[(i64, i64)], samples: &[(i64, f64)]) -> Vec<Option<(i64, f64)>> {
        let jumps: Vec<Range<i64>> = jumps.iter().map(|(start, end)| *start..*end).collect();
        let mut arrived = Arrived::default();
        let mut sink = LaterPass::new(&jumps, &mut arrived);
        samples.iter().for_each(|(time, value)| sink.add_sample(*time, None, *value));
        sink.finish();
        arrived.0
    }

    #[test]
    fn the_earlier_pass_is_left_out_and_is_no_reset() {
        let samples =
            [(8, 1.0), (10, 9.0), (11, 2.0), (12, 10.0), (13, 3.0), (14, 11.0), (15, 4.0), (20, 12.0)];
        let later = [(10, 9.0), (12, 10.0), (14, 11.0), (20, 12.0)].map(Some);
        let expected: Vec<_> = [Some((8, 1.0)), None].into_iter().chain(later).collect();
        assert_eq!(resolved(&[(10, 16)], &samples), expected);
        assert_eq!(resolved(&[(10, i64::MAX)], &samples), expected, "the later pass goes on");
    }

    #[test]
    fn one_pass_stays_as_it_is() {
        let samples = [(8, 5.0), (10, 6.0), (11, 6.0), (20, 7.0), (21, 1.0)];
        assert_eq!(resolved(&[(10, 16), (30, 40)], &samples), samples.map(Some));
        assert_eq!(resolved(&[], &samples), samples.map(Some));
    }

    #[test]
    fn each_jump_is_resolved_by_itself() {
        let samples = [(10, 9.0), (11, 2.0), (12, 10.0), (30, 20.0), (31, 11.0), (32, 21.0)];
        let expected = [None, Some((10, 9.0)), Some((12, 10.0)), None, Some((30, 20.0)), Some((32, 21.0))];
        assert_eq!(resolved(&[(10, 16), (30, 40)], &samples), expected);
    }
}
