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
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) sum: f64,
    pub(crate) count: u64,
    /// The increase from the first sample to the last.
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
            min: value,
            max: value,
            sum: value,
            count: 1,
            increase: 0.0,
        }
    }

    /// Adds a later aggregate. `gain` is the increase from the last sample here to the first there.
    pub(crate) fn extend(&mut self, later: &Self, gain: f64) {
        self.last_time = later.last_time;
        self.last = later.last;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum += later.sum;
        self.count += later.count;
        self.increase += gain + later.increase;
    }

    /// Returns the change from the first sample to the last; 0 if it is not a number.
    pub(crate) fn change(&self) -> f64 {
        number_or_zero(self.last - self.first)
    }

    /// Returns the increase from the last sample of an earlier aggregate to the first of this one;
    /// 0 if it is not a number.
    pub(crate) fn gain(&self, increase_rule: IncreaseRule, before: &Self) -> f64 {
        let gain = match increase_rule {
            IncreaseRule::None => 0.0,
            IncreaseRule::Deltas => self.first,
            IncreaseRule::Total
                if self.first < before.last
                    || self.start_time.is_some_and(|start| start > before.last_time) =>
            {
                self.first
            }
            IncreaseRule::Total | IncreaseRule::UpAndDown | IncreaseRule::Change => self.first - before.last,
        };
        number_or_zero(gain)
    }

    /// Replaces the aggregate that the next one gains since. NaN gains nothing, and what follows it
    /// gains since the last number before it, where that is known.
    pub(crate) fn follow(before: &mut Option<Self>, next: Self) {
        if !next.last.is_nan() {
            *before = Some(next);
        } else if next.count > 1 {
            *before = None;
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
    let mut before: Option<Aggregate> = None;
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
                let gain = before.as_ref().map_or(0.0, |before| sample.gain(increase_rule, before));
                total.extend(&sample, gain);
            }
            none => *none = Some(sample),
        }
        Aggregate::follow(&mut before, sample);
    }
    intervals
}
