//! Downsampling: the samples of one series, in time order, aggregated by steps.

use model::{Bucket, Timestamp};

use crate::metrics::rollup::interval::{Aggregate, IncreaseRule, Interval};

/// Aggregates the samples of one series by steps.
#[derive(Debug)]
pub(crate) struct Downsampler {
    increase_rule: IncreaseRule,
    from: i64,
    start: i64,
    step: i64,
    before: Option<Aggregate>,
    steps: Vec<Interval>,
}

impl Downsampler {
    /// Begins with steps of `step` nanoseconds from `start` on. Samples since `from` are added.
    pub(crate) fn new(increase_rule: IncreaseRule, from: i64, start: i64, step: i64) -> Self {
        Self { increase_rule, from, start, step, before: None, steps: Vec::new() }
    }

    /// Adds the next sample. One that is not a number counts as absent and marks the end of the
    /// series.
    pub(crate) fn add_sample(&mut self, time: i64, start_time: Option<i64>, value: f64) {
        if !value.is_nan() {
            self.add(Aggregate::sample(time, start_time, value));
        } else if time >= self.start {
            self.step(time).ended = true;
        }
    }

    /// Adds the next samples as an interval of a roll-up. Its length divides the step.
    pub(crate) fn add_interval(&mut self, interval: &Interval) {
        if let Some(mut aggregate) = interval.aggregate {
            // Roll-ups of gauges have no increase.
            if self.increase_rule == IncreaseRule::Change {
                aggregate.increase = aggregate.last - aggregate.first;
            }
            self.add(aggregate);
        }
        let time = interval.first_time();
        if interval.ended && time >= self.start {
            self.step(time).ended = true;
        }
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
        let gain = match &self.before {
            Some(before) => aggregate.gain(self.increase_rule, before),
            None => self.first_gain(&aggregate),
        };
        if aggregate.first_time >= self.start {
            let step = self.step(aggregate.first_time);
            step.ended = false;
            match &mut step.aggregate {
                Some(total) => total.extend(&aggregate, gain),
                none => *none = Some(Aggregate { increase: aggregate.increase + gain, ..aggregate }),
            }
        }
        self.before = Some(aggregate);
    }

    /// Returns the increase of the first sample. It counts from zero if its start is known and not
    /// before the look-back.
    fn first_gain(&self, aggregate: &Aggregate) -> f64 {
        let has_start =
            aggregate.start_time.is_some_and(|start| start >= self.from && start < aggregate.first_time);
        match self.increase_rule {
            IncreaseRule::Deltas => aggregate.first,
            IncreaseRule::Total if has_start => aggregate.first,
            _ => 0.0,
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
                increase: step.aggregate.map_or(0.0, |aggregate| aggregate.increase),
                ended: step.ended,
            }
        });
        buckets.collect()
    }
}
