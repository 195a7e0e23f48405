//! Series reduced to steps by the store.

use crate::{Labels, MetricKind, Timestamp};

/// One series reduced to steps by the store; input of [`crate::Aggregation`].
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesBuckets {
    /// All tags: attributes, and resource attributes under their own names.
    pub labels: Labels,
    /// Unit, may be empty.
    pub unit: String,
    /// Kind.
    pub kind: MetricKind,
    /// Steps that have samples, ascending.
    pub buckets: Vec<Bucket>,
}

/// The samples of one series in one step. NaN is a sample as in Prometheus: the sum is NaN with it,
/// the extremes are those of the others. The marker [`crate::STALE`] is none. Without samples the
/// values are NaN and `count` is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Start of the step.
    pub time: Timestamp,
    /// First value.
    pub first: f64,
    /// Last value.
    pub last: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Sum of values.
    pub sum: f64,
    /// Number of samples.
    pub count: u64,
    /// True if the series ended after the last sample (see [`crate::STALE`]).
    pub ended: bool,
}

/// One counter reduced to steps by the store; input of rates.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterBuckets {
    /// All tags: attributes, and resource attributes under their own names.
    pub labels: Labels,
    /// Unit, may be empty.
    pub unit: String,
    /// The kind of counter.
    pub counting: Counting,
    /// Steps that have samples, ascending. Some may be before the range that was requested.
    pub buckets: Vec<CounterBucket>,
}

/// The kind of numbers that the samples of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// A total that only falls at a reset, and was zero once.
    Total,
    /// A total that may fall.
    UpAndDown,
    /// Each sample is an increase.
    Deltas,
}

/// The samples of one counter in one step. NaN is a sample that gains nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CounterBucket {
    /// Times and number of the samples.
    pub span: SampleSpan,
    /// First value.
    pub first: f64,
    /// Last value.
    pub last: f64,
    /// Increase from the last sample before to the first one here; 0 without one.
    pub gain: f64,
    /// Increase from the first sample to the last. For deltas the sum of all samples.
    pub increase: f64,
    /// The part of `increase` that was not gained across gaps.
    pub steady_increase: f64,
}

/// Times and number of the samples of a counter or histogram in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSpan {
    /// Time of the last sample before.
    pub previous: Option<Timestamp>,
    /// True if a gap or the end of the series is between that sample and the first one here.
    pub is_after_gap: bool,
    /// Time since which the first sample counts, if it was sent.
    pub start: Option<Timestamp>,
    /// Time of the first sample.
    pub first: Timestamp,
    /// Time of the last sample.
    pub last: Timestamp,
    /// Number of samples.
    pub count: u64,
    /// Nanoseconds between first and last sample without gaps.
    pub steady: i64,
    /// The usual distance of two samples in nanoseconds; 0 if it is unknown.
    pub interval: i64,
    /// Time at which the series ended after the last sample (see [`crate::STALE`]).
    pub ended: Option<Timestamp>,
}

/// One histogram series reduced to steps by the store.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramBuckets {
    /// All tags: attributes, and resource attributes under their own names.
    pub labels: Labels,
    /// Unit, may be empty.
    pub unit: String,
    /// True if each point has only the measurements since the one before.
    pub is_delta: bool,
    /// Steps that have points, ascending. Some may be before the range that was requested.
    pub steps: Vec<HistogramStep>,
}

/// The points of a histogram in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramStep {
    /// Times and number of the points.
    pub span: SampleSpan,
    /// Totals of the first point. Exponential histograms and delta ones have no counts here.
    pub first: HistogramCounts,
    /// Measurements gained from the last point before to the first one here.
    pub gain: HistogramCounts,
    /// Measurements gained from the first point to the last. For delta histograms all of them.
    pub increase: HistogramCounts,
    /// The part of the gained number that was not gained across gaps.
    pub steady_count: f64,
    /// Smallest measurement, if known.
    pub min: Option<f64>,
    /// Largest measurement, if known.
    pub max: Option<f64>,
    /// Latest quantiles of a summary in the step, ascending, with their values. Empty for
    /// histograms.
    pub quantiles: Vec<(f64, f64)>,
}

/// A number of measurements by buckets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistogramCounts {
    /// Number of measurements.
    pub count: f64,
    /// Sum of measurements.
    pub sum: f64,
    /// Upper bounds, ascending; the last bucket is unbounded.
    pub bounds: Vec<f64>,
    /// Counts, one more than `bounds`.
    pub counts: Vec<f64>,
}

impl SampleSpan {
    /// Adds later samples of the same series.
    pub fn extend(&mut self, later: &Self) {
        let between = if later.is_after_gap { 0 } else { later.first.since(self.last) };
        self.steady += between + later.steady;
        self.last = later.last;
        self.count += later.count;
        self.interval = later.interval;
        self.ended = later.ended;
    }

    /// Returns the span of the first sample alone.
    #[must_use]
    pub fn first_sample(&self) -> Self {
        Self { last: self.first, count: 1, steady: 0, ended: None, ..*self }
    }
}

impl CounterBucket {
    /// Adds later samples of the same counter.
    pub fn extend(&mut self, later: &Self) {
        self.increase += later.gain + later.increase;
        self.steady_increase += later.steady_increase;
        if !later.span.is_after_gap {
            self.steady_increase += later.gain;
        }
        self.last = later.last;
        self.span.extend(&later.span);
    }

    /// Returns a bucket of the first sample alone.
    #[must_use]
    pub fn first_sample(&self) -> Self {
        let (last, span) = (self.first, self.span.first_sample());
        Self { last, increase: 0.0, steady_increase: 0.0, span, ..*self }
    }
}
