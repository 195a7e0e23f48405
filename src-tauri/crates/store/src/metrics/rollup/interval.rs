//! Samples of one series aggregated over intervals.

use model::{MetricKind, Temporality};

use crate::{catalog::series::SeriesEntry, metrics::points::Points};

/// The rule by which the increase of a series is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IncreaseRule {
    /// Not a counter.
    None,
    /// Each sample is an increase.
    Deltas,
    /// A total that only falls at a reset.
    Total,
    /// A total that may fall.
    UpAndDown,
    /// The change of a gauge.
    Change,
}

impl IncreaseRule {
    /// Returns the rule of a series. A gauge of Prometheus may be a counter without a declared
    /// type, such as those that node_exporter takes from the kernel.
    pub(crate) fn of(series: &SeriesEntry) -> Self {
        match series.kind {
            MetricKind::Counter if series.temporality == Temporality::Delta => Self::Deltas,
            MetricKind::Counter if series.monotonic => Self::Total,
            MetricKind::Counter => Self::UpAndDown,
            MetricKind::Gauge if series.may_be_untyped() => Self::Total,
            _ => Self::None,
        }
    }
}

/// Totals of one or more samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    /// Start time of the first sample.
    pub(crate) start_time: Option<i64>,
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// The first sample that is not NaN; NaN without any, or if it is not known.
    pub(crate) first_number: f64,
    /// The last sample that is not NaN; NaN without any, or if it is not known.
    pub(crate) last_number: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) sum: f64,
    pub(crate) count: u64,
    /// The increase from the first number to the last.
    pub(crate) increase: f64,
}

impl Aggregate {
    /// Aggregates one sample.
    pub(crate) fn sample(time: i64, start_time: Option<i64>, value: f64) -> Self {
        Self {
            first_time: time,
            last_time: time,
            start_time,
            first: value,
            last: value,
            first_number: value,
            last_number: value,
            min: value,
            max: value,
            sum: value,
            count: 1,
            increase: 0.0,
        }
    }

    /// Adds a later aggregate. `gain` is the increase from the last number here to the first there.
    pub(crate) fn extend(&mut self, later: &Self, gain: f64) {
        self.last_time = later.last_time;
        self.last = later.last;
        if self.first_number.is_nan() {
            self.first_number = later.first_number;
        }
        if !later.last_number.is_nan() {
            self.last_number = later.last_number;
        }
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum += later.sum;
        self.count += later.count;
        self.increase += gain + later.increase;
    }

    /// Returns the change from the first number to the last; 0 if it is not a number.
    pub(crate) fn change(&self) -> f64 {
        number_or_zero(self.last_number - self.first_number)
    }

    /// Returns the increase from the last number of an earlier aggregate to the first of this one;
    /// 0 if it is not a number.
    ///
    /// A total that falls was reset. As in PromQL, a fall across NaN is not: that is a negative
    /// increase.
    pub(crate) fn gain(&self, increase_rule: IncreaseRule, before: &Self) -> f64 {
        let first = self.first_number;
        let is_adjacent = !self.first.is_nan() && !before.last.is_nan();
        let gain = match increase_rule {
            IncreaseRule::None => 0.0,
            IncreaseRule::Deltas => first,
            IncreaseRule::Total
                if (is_adjacent && first < before.last_number)
                    || self.start_time.is_some_and(|start| start > before.last_time) =>
            {
                first
            }
            IncreaseRule::Total | IncreaseRule::UpAndDown | IncreaseRule::Change => {
                first - before.last_number
            }
        };
        number_or_zero(gain)
    }

    /// Replaces the aggregate that the next one gains since. NaN gains nothing, and what follows it
    /// gains since the last number before it, where that is known.
    pub(crate) fn follow(before: &mut Option<Self>, next: Self) {
        if !next.last_number.is_nan() {
            *before = Some(next);
        } else if !next.max.is_nan() {
            *before = None;
        } else if let Some(before) = before {
            before.last = next.last;
        }
    }
}

/// Returns 0 for NaN: the change from or to NaN, and between equal infinities.
fn number_or_zero(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

/// The samples of one interval. It has no aggregate if all of them are markers of the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// Its start.
    pub(crate) time: i64,
    pub(crate) aggregate: Option<Aggregate>,
    /// Set if the series ended after its last sample.
    pub(crate) ended: bool,
}

impl Interval {
    /// Returns the time of the first sample, or the start.
    pub(crate) fn first_time(&self) -> i64 {
        self.aggregate.map_or(self.time, |aggregate| aggregate.first_time)
    }

    /// Returns the time of the last sample, or the start.
    pub(crate) fn last_time(&self) -> i64 {
        self.aggregate.map_or(self.time, |aggregate| aggregate.last_time)
    }
}

/// Aggregates the samples of one series by intervals of `length` nanoseconds. Intervals of any
/// multiple of it can be computed from the result.
pub(crate) fn roll_up(points: &Points, increase_rule: IncreaseRule, length: i64) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for (time, start_time, value) in points.rows() {
        let start = time.saturating_sub(time.rem_euclid(length));
        if intervals.last().is_none_or(|last| last.time != start) {
            intervals.push(Interval { time: start, aggregate: None, ended: false });
        }
        let Some(last) = intervals.last_mut() else { continue };
        last.ended = model::is_stale(value);
        if last.ended {
            continue;
        }
        let sample = Aggregate::sample(time, start_time, value);
        match &mut last.aggregate {
            Some(total) => {
                let gain = sample.gain(increase_rule, total);
                total.extend(&sample, gain);
            }
            none => *none = Some(sample),
        }
    }
    intervals
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;

    /// Returns the increase that intervals of a minute give together.
    fn increase_of_minutes(samples: &[(i64, f64)]) -> f64 {
        let mut points = Points::default();
        samples.iter().for_each(|(time, value)| points.push(*time, None, *value));
        let (mut total, mut before) = (0.0, None);
        for interval in roll_up(&points, IncreaseRule::Total, MINUTE) {
            let aggregate = interval.aggregate.unwrap();
            let gain = before.as_ref().map_or(0.0, |before| aggregate.gain(IncreaseRule::Total, before));
            total += gain + aggregate.increase;
            Aggregate::follow(&mut before, aggregate);
        }
        total
    }

    #[test]
    fn nan_at_an_end_of_a_minute_loses_no_gain() {
        let nan = f64::NAN;
        let cases: [&[(i64, f64)]; 6] = [
            &[(0, 100.0), (30, 130.0), (50, nan), (60, 160.0), (90, 190.0)],
            &[(0, 100.0), (30, 130.0), (60, nan), (70, 160.0), (90, 190.0)],
            &[(0, 100.0), (30, 130.0), (50, nan), (60, nan), (70, 160.0), (90, 190.0)],
            &[(0, 100.0), (50, nan), (60, nan), (90, nan), (119, nan), (120, 190.0)],
            &[(0, 100.0), (59, nan), (60, nan), (119, nan), (120, nan), (179, 190.0)],
            &[(0, nan), (10, 100.0), (59, nan), (60, 190.0), (119, nan)],
        ];
        for case in cases {
            assert_eq!(increase_of_minutes(case), 90.0, "{case:?}");
        }
    }

    #[test]
    fn a_fall_across_nan_is_no_reset_wherever_the_minutes_end() {
        let values = [100.0, 130.0, f64::NAN, f64::NAN, 10.0, 5.0, 25.0];
        // As PromQL has it: the last less the first, and 10 for the one reset that it sees.
        let expected = 25.0 - 100.0 + 10.0;
        for length in 1..=values.len() as i64 {
            for offset in 0..length {
                let times = (0..).map(|n| (n + offset) * MINUTE / length);
                let samples: Vec<_> = times.zip(values).collect();
                assert_eq!(increase_of_minutes(&samples), expected, "{samples:?}");
            }
        }
    }
}
