//! The data of one series as a read merges it.

use crate::metrics::{points::Points, rollup::interval::Interval};

/// A receiver of the data of one series, in order of time.
pub(crate) trait SampleSink {
    /// Takes the next sample, or the marker of the end of the series.
    fn add_sample(&mut self, time: i64, start_time: Option<i64>, value: f64);

    /// Takes the next samples as an interval of a roll-up. Its length divides the step.
    fn add_interval(&mut self, interval: &Interval);
}

/// The points of one series, some as samples and some as roll-up intervals. Where the points of an
/// interval have expired, it may already include overlapping points or intervals; these are
/// skipped.
#[derive(Debug, Default)]
pub(crate) struct MergedSeries {
    pub(crate) points: Points,
    pub(crate) intervals: Vec<Interval>,
}

impl MergedSeries {
    /// Overlays the data written since the type of the series was declared. The intervals here were
    /// made for a gauge and have no increase.
    pub(crate) fn overlay(&mut self, newer: Self) {
        for aggregate in self.intervals.iter_mut().filter_map(|interval| interval.aggregate.as_mut()) {
            if aggregate.increase == 0.0 {
                // A fall within the interval is not detected.
                aggregate.increase =
                    if aggregate.change() >= 0.0 { aggregate.change() } else { aggregate.last_number };
            }
        }
        self.intervals.extend(newer.intervals);
        self.points.overlay(newer.points);
    }

    /// Passes everything to a sink, in order of time.
    pub(crate) fn downsample(mut self, sink: &mut impl SampleSink) {
        self.intervals.sort_unstable_by_key(Interval::first_time);
        let mut covered: Option<i64> = None;
        self.intervals.retain(|interval| {
            let apart = covered.is_none_or(|until| interval.first_time() > until);
            covered = covered.max(Some(interval.last_time()));
            apart
        });
        let mut intervals = self.intervals.iter().peekable();
        let mut covered: Option<i64> = None;
        for (time, start_time, value) in self.points.rows() {
            while let Some(interval) = intervals.next_if(|interval| interval.first_time() <= time) {
                covered = Some(interval.last_time());
                sink.add_interval(interval);
            }
            if covered.is_none_or(|until| time > until) {
                sink.add_sample(time, start_time, value);
            }
        }
        intervals.for_each(|interval| sink.add_interval(interval));
    }
}
