//! The division of time into windows, each of which gets one value.

use model::{Aggregation, NANOS_PER_SECOND, SampleSpan, TimeRange, Timestamp};

/// Maximum number of steps that are read per series for percentiles of gauges.
const MAX_PERCENTILE_STEPS: i64 = 6_000;

/// The windows of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windowing {
    /// The range that is read from the store.
    pub(super) range: TimeRange,
    /// Distance of two values, in nanoseconds.
    pub(super) step: i64,
    /// Length of the steps that are read from the store, in nanoseconds.
    pub(super) read_step: i64,
    /// The kind of windows.
    pub(super) kind: WindowKind,
}

/// The kind of windows of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowKind {
    /// One window per step. Its value is at its start.
    Steps,
    /// One window for the whole range. Its value is at the start of the range.
    Whole,
    /// One window of this many steps ends at each step. Its value is at its end.
    Moving(i64),
}

/// The windows that contain one time. Moving windows overlap, so there can be several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    first: Timestamp,
    step: i64,
    count: i64,
}

impl Windows {
    fn one(first: Timestamp) -> Self {
        Self { first, step: 0, count: 1 }
    }

    /// Returns the time of each window's value.
    pub(super) fn times(self) -> impl Iterator<Item = Timestamp> {
        (0..self.count).map(move |index| self.first.offset(self.step.saturating_mul(index)))
    }
}

/// A window, closed at both ends, with the time of its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Time of the value.
    pub(super) time: Timestamp,
    pub(super) range: TimeRange,
}

impl Window {
    /// Returns the steps that begin in the window before its end, and the next one.
    pub(super) fn inside<T>(self, steps: &[T], span: impl Fn(&T) -> &SampleSpan) -> (&[T], Option<&T>) {
        let first = steps.partition_point(|step| span(step).first < self.range.start);
        let next = steps.partition_point(|step| span(step).first < self.range.end);
        (steps.get(first..next).unwrap_or_default(), steps.get(next))
    }

    /// Returns the steps that begin before the end of the window.
    pub(super) fn before<T>(self, steps: &[T], span: impl Fn(&T) -> &SampleSpan) -> &[T] {
        &steps[..steps.partition_point(|step| span(step).first < self.range.end)]
    }
}

impl Windowing {
    /// Returns all windows whose value is in the answer.
    pub(super) fn all(self) -> impl Iterator<Item = Window> {
        let TimeRange { start, end } = self.range;
        let (step, count) = match self.kind {
            WindowKind::Steps => (self.step, None),
            WindowKind::Whole => (self.range.length(), None),
            WindowKind::Moving(count) => (self.step, Some(self.step.saturating_mul(count))),
        };
        let first = start.offset(count.unwrap_or_default());
        (0..)
            .map(move |index: i64| first.offset(step.saturating_mul(index)))
            .take_while(move |time| if count.is_some() { *time <= end } else { *time < end })
            .map(move |time| {
                let range = match count {
                    Some(length) => TimeRange::new(time.offset(-length), time),
                    None => TimeRange::new(time, time.offset(step).min(end)),
                };
                Window { time, range }
            })
    }

    /// Returns the windows that contain `time`.
    pub(super) fn windows(self, time: Timestamp) -> Windows {
        match self.kind {
            WindowKind::Steps => Windows::one(time.floor(self.step)),
            WindowKind::Whole => Windows::one(self.range.start),
            WindowKind::Moving(count) => {
                Windows { first: time.floor(self.step).offset(self.step), step: self.step, count }
            }
        }
    }

    /// Returns whether a window reports the state at its end. A series that ended has none.
    pub(super) fn is_state_at_end(self) -> bool {
        self.kind != WindowKind::Steps
    }

    /// Returns the length in seconds of the window whose value is at `time`.
    pub(super) fn seconds(self, time: Timestamp) -> f64 {
        let length = match self.kind {
            WindowKind::Moving(count) => self.step.saturating_mul(count),
            WindowKind::Steps | WindowKind::Whole => self.range.end.since(time).min(self.step),
        };
        length as f64 / NANOS_PER_SECOND as f64
    }

    /// Returns the step to read for an aggregation. Percentiles of gauges need shorter steps.
    pub(super) fn read_step_for(self, aggregation: Aggregation) -> i64 {
        if aggregation.quantile().is_none() {
            return self.read_step;
        }
        let steps = (self.range.length() / self.step).max(1);
        let parts = (MAX_PERCENTILE_STEPS / steps).clamp(1, 60).min((self.step / NANOS_PER_SECOND).max(1));
        // Only a divisor of the step keeps the shorter steps inside it.
        let fits = |parts: &i64| self.kind == WindowKind::Whole || self.step % *parts == 0;
        self.step / (1..=parts).rev().find(fits).unwrap_or(1)
    }
}
