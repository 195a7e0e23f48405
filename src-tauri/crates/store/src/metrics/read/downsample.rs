//! Downsampling: the samples of one series, in time order, aggregated by steps.

use model::{Bucket, Timestamp};

use super::merged_series::SampleSink;
use crate::metrics::rollup::interval::{Aggregate, Interval};

/// Aggregates the samples of one series by steps.
#[derive(Debug)]
pub(crate) struct Downsampler {
    step: i64,
    steps: Vec<Interval>,
}

impl Downsampler {
    /// Begins with steps of `step` nanoseconds.
    pub(crate) fn new(step: i64) -> Self {
        Self { step, steps: Vec::new() }
    }

    /// Returns the step that holds a time: the last one or a new one.
    fn step(&mut self, time: i64) -> &mut Interval {
        let time = Timestamp(time).floor(self.step).0;
        if self.steps.last().is_none_or(|last| last.time != time) {
            self.steps.push(Interval { time, aggregate: None, ended: false });
        }
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Adds the next aggregate, which must be within one step.
    fn add(&mut self, aggregate: Aggregate) {
        let step = self.step(aggregate.first_time);
        step.ended = false;
        match &mut step.aggregate {
            Some(total) => total.extend(&aggregate, 0.0),
            none => *none = Some(aggregate),
        }
    }

    /// Returns the steps.
    pub(crate) fn finish(self) -> Vec<Bucket> {
        let buckets = self.steps.into_iter().map(|step| {
            let number = |of: fn(&Aggregate) -> f64| step.aggregate.as_ref().map_or(f64::NAN, of);
            Bucket {
                time: Timestamp(step.time),
                first: number(|aggregate| aggregate.first),
                last: number(|aggregate| aggregate.last),
                min: number(|aggregate| aggregate.min),
                max: number(|aggregate| aggregate.max),
                sum: step.aggregate.map_or(0.0, |aggregate| aggregate.sum),
                count: step.aggregate.map_or(0, |aggregate| aggregate.count),
                ended: step.ended,
            }
        });
        buckets.collect()
    }
}

impl SampleSink for Downsampler {
    fn add_sample(&mut self, time: i64, start_time: Option<i64>, value: f64) {
        if model::is_stale(value) {
            self.step(time).ended = true;
        } else {
            self.add(Aggregate::sample(time, start_time, value));
        }
    }

    fn add_interval(&mut self, interval: &Interval) {
        if let Some(aggregate) = interval.aggregate {
            self.add(aggregate);
        }
        if interval.ended {
            self.step(interval.first_time()).ended = true;
        }
    }
}
