//! Roll-up of the points of one histogram.

use super::point::{Point, gained};

/// Sums that differ by less than this fraction are equal but for rounding.
const ROUNDING: f64 = 1e-9;

/// One or more points of one series in one interval. It has the increase within; the increase since
/// the previous point follows from the first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistogramInterval {
    /// Start of the interval.
    pub(crate) start: i64,
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    pub(crate) points: u64,
    pub(crate) content: IntervalContent,
}

/// The content of an interval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum IntervalContent {
    /// The sum of all points, for delta temporality.
    Sum(Box<Point>),
    /// The first and the last point, for cumulative temporality, and the increase between them
    /// unless that is their difference.
    Ends { first: Box<Point>, last: Box<Point>, gain: Option<Box<Point>> },
}

/// Aggregates the points of one series by intervals.
#[derive(Debug)]
pub(crate) struct HistogramRollup {
    delta: bool,
    length: i64,
    current: Option<OpenInterval>,
}

#[derive(Debug)]
struct OpenInterval {
    start: i64,
    first: Point,
    last: Point,
    gain: Option<Point>,
    points: u64,
}

impl HistogramRollup {
    /// Begins with intervals of `length` nanoseconds. `delta` is set for delta temporality.
    pub(crate) fn new(delta: bool, length: i64) -> Self {
        Self { delta, length, current: None }
    }

    /// Adds the next point. Returns the previous interval once it is complete. Markers of a series'
    /// end are skipped.
    pub(crate) fn add(&mut self, point: Point) -> Option<HistogramInterval> {
        if point.absent {
            return None;
        }
        let start = point.time.saturating_sub(point.time.rem_euclid(self.length));
        if let Some(current) = self.current.as_mut().filter(|current| current.start == start) {
            let more = if self.delta { point.clone() } else { gained(&point, &current.last) };
            match &mut current.gain {
                Some(total) => total.add(&more),
                none => *none = Some(more),
            }
            current.points += 1;
            current.last = point;
            return None;
        }
        let gain = self.delta.then(|| point.clone());
        let next = OpenInterval { start, first: point.clone(), last: point, gain, points: 1 };
        self.current.replace(next).map(|before| before.finish(self.delta))
    }

    /// Returns the last interval.
    pub(crate) fn finish(&mut self) -> Option<HistogramInterval> {
        self.current.take().map(|last| last.finish(self.delta))
    }
}

impl OpenInterval {
    fn finish(self, delta: bool) -> HistogramInterval {
        let (start, first_time, last_time, points) =
            (self.start, self.first.time, self.last.time, self.points);
        let content = match self.gain {
            Some(sum) if delta => IntervalContent::Sum(Box::new(Point { time: first_time, ..sum })),
            gain => {
                let difference = gained(&self.last, &self.first);
                let gain = gain.filter(|gain| !same(gain, &difference));
                IntervalContent::Ends {
                    first: Box::new(self.first),
                    last: Box::new(self.last),
                    gain: gain.map(Box::new),
                }
            }
        };
        HistogramInterval { start, first_time, last_time, points, content }
    }
}

fn same(one: &Point, other: &Point) -> bool {
    let is_same = one.sum == other.sum || (one.sum.is_nan() && other.sum.is_nan());
    let near = is_same || (one.sum - other.sum).abs() <= ROUNDING * one.sum.abs().max(other.sum.abs());
    near && one.count == other.count && one.counts == other.counts
}

impl HistogramInterval {
    /// Returns the increase from the first point to the last, for cumulative temporality and
    /// several points.
    pub(crate) fn gain(&self) -> Option<Point> {
        match &self.content {
            IntervalContent::Ends { first, last, gain } if self.points > 1 => match gain {
                Some(gain) => Some((**gain).clone()),
                None => Some(gained(last, first)),
            },
            _ => None,
        }
    }
}
