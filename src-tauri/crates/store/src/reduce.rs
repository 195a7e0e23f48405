//! Samples of one series, in time order, reduced to steps.

use model::{Bucket, MetricKind, Temporality, Timestamp};

use crate::{dictionary::KnownSeries, partition::Points};

/// How the increase of a series is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// It is no counter.
    Nothing,
    /// Each sample is an increase.
    Deltas,
    /// A total that only falls when it starts anew.
    Total,
    /// A total that may fall.
    UpAndDown,
    /// It is no counter, or none that is known to be one: what is asked for is its change.
    Change,
}

impl Counting {
    /// How the increase of a series is counted.
    pub(crate) fn of(series: &KnownSeries) -> Self {
        match series.kind {
            MetricKind::Counter if series.temporality == Temporality::Delta => Self::Deltas,
            MetricKind::Counter if series.monotonic => Self::Total,
            MetricKind::Counter => Self::UpAndDown,
            _ => Self::Nothing,
        }
    }
}

/// A stretch of samples that lie in one step, from one sample up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
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

impl Stretch {
    /// One sample.
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

    /// Adds a later stretch; `gain` is the increase from the last sample here to the first there.
    pub(crate) fn extend(&mut self, later: &Self, gain: f64) {
        self.last_time = later.last_time;
        self.last = later.last;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum += later.sum;
        self.count += later.count;
        self.increase += gain + later.increase;
    }

    /// The increase from the last sample of an earlier stretch to the first of this one.
    pub(crate) fn gain(&self, counting: Counting, before: &Self) -> f64 {
        match counting {
            Counting::Nothing => 0.0,
            Counting::Deltas => self.first,
            Counting::Total
                if self.first < before.last
                    || self.start_time.is_some_and(|start| start > before.last_time) =>
            {
                self.first
            }
            Counting::Total | Counting::UpAndDown | Counting::Change => self.first - before.last,
        }
    }
}

/// Gathers the steps of one series.
#[derive(Debug)]
pub(crate) struct Reduction {
    counting: Counting,
    from: i64,
    start: i64,
    step: i64,
    before: Option<Stretch>,
    steps: Vec<Step>,
}

/// One step: none of its samples is a number if it has no stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// Where it starts.
    pub(crate) time: i64,
    pub(crate) stretch: Option<Stretch>,
    /// Whether its last sample is not a number.
    pub(crate) ended: bool,
}

impl Step {
    /// Time of the first sample that is a number, or of the step.
    pub(crate) fn first_time(&self) -> i64 {
        self.stretch.map_or(self.time, |stretch| stretch.first_time)
    }

    /// Time of the last sample that is a number, or of the step.
    pub(crate) fn last_time(&self) -> i64 {
        self.stretch.map_or(self.time, |stretch| stretch.last_time)
    }
}

/// The samples of one series as steps of their own, from which those of any multiple of `step` can be made.
pub(crate) fn roll_up(points: &Points, counting: Counting, step: i64) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut before: Option<Stretch> = None;
    for (time, start_time, value) in points.rows() {
        let start = time.saturating_sub(time.rem_euclid(step));
        if steps.last().is_none_or(|last| last.time != start) {
            steps.push(Step { time: start, stretch: None, ended: false });
        }
        let Some(last) = steps.last_mut() else { continue };
        last.ended = value.is_nan();
        if last.ended {
            continue;
        }
        let sample = Stretch::sample(time, start_time, value);
        match (&mut last.stretch, &before) {
            (Some(total), Some(before)) => total.extend(&sample, sample.gain(counting, before)),
            (none, _) => *none = Some(sample),
        }
        before = Some(sample);
    }
    steps
}

impl Reduction {
    /// Steps of `step` nanoseconds from `start` on; samples since `from` are given.
    pub(crate) fn new(counting: Counting, from: i64, start: i64, step: i64) -> Self {
        Self { counting, from, start, step, before: None, steps: Vec::new() }
    }

    /// Takes the next sample; one that is not a number counts as absent and says that the series ended.
    pub(crate) fn sample(&mut self, time: i64, start_time: Option<i64>, value: f64) {
        if !value.is_nan() {
            self.take(Stretch::sample(time, start_time, value));
        } else if time >= self.start {
            self.step(time).ended = true;
        }
    }

    /// Takes the next samples as a step made by [`roll_up`], whose length divides the length of steps here.
    pub(crate) fn rolled_up(&mut self, step: &Step) {
        if let Some(mut stretch) = step.stretch {
            // Steps keep no increase of what is no counter.
            if self.counting == Counting::Change {
                stretch.increase = stretch.last - stretch.first;
            }
            self.take(stretch);
        }
        let time = step.first_time();
        if step.ended && time >= self.start {
            self.step(time).ended = true;
        }
    }

    /// The step that a time lies in, which is the last one or a new one.
    fn step(&mut self, time: i64) -> &mut Step {
        let time = Timestamp(time).floor(self.step).0;
        if self.steps.last().is_none_or(|last| last.time != time) {
            self.steps.push(Step { time, stretch: None, ended: false });
        }
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Takes the next stretch, which must lie in one step.
    fn take(&mut self, stretch: Stretch) {
        let gain = match &self.before {
            Some(before) => stretch.gain(self.counting, before),
            None => self.first_gain(&stretch),
        };
        if stretch.first_time >= self.start {
            let step = self.step(stretch.first_time);
            step.ended = false;
            match &mut step.stretch {
                Some(total) => total.extend(&stretch, gain),
                none => *none = Some(Stretch { increase: stretch.increase + gain, ..stretch }),
            }
        }
        self.before = Some(stretch);
    }

    /// The first sample of all counts from zero when its start is known and not before the look-back.
    fn first_gain(&self, stretch: &Stretch) -> f64 {
        let known = stretch.start_time.is_some_and(|start| start >= self.from && start < stretch.first_time);
        match self.counting {
            Counting::Deltas => stretch.first,
            Counting::Total if known => stretch.first,
            _ => 0.0,
        }
    }

    pub(crate) fn finish(self) -> Vec<Bucket> {
        let buckets = self.steps.into_iter().map(|step| {
            let number = |of: fn(&Stretch) -> f64| step.stretch.as_ref().map_or(f64::NAN, of);
            Bucket {
                time: Timestamp(step.time),
                first: number(|stretch| stretch.first),
                last: number(|stretch| stretch.last),
                min: number(|stretch| stretch.min),
                max: number(|stretch| stretch.max),
                sum: step.stretch.map_or(0.0, |stretch| stretch.sum),
                count: step.stretch.map_or(0, |stretch| stretch.count),
                increase: step.stretch.map_or(0.0, |stretch| stretch.increase),
                ended: step.ended,
            }
        });
        buckets.collect()
    }
}
