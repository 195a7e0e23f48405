//! The points of one histogram in one step.

use super::point::{Point, gained};

/// Sums that differ by no more than this part of them are the same but for rounding.
const ROUNDING: f64 = 1e-9;

/// The points of one series in one step, from one point up. It says what was gained within; what was gained since the
/// point before follows from its first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// Where the step starts.
    pub(crate) step: i64,
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    pub(crate) points: u64,
    pub(crate) told: Told,
}

/// What the points of a stretch tell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// All of them added up, where each counts for itself.
    Sum(Box<Point>),
    /// The first and the last of those that count from a start, and what was gained from one to the other unless that
    /// is their difference.
    Ends { first: Box<Point>, last: Box<Point>, gain: Option<Box<Point>> },
}

/// Gathers the stretches of one series.
#[derive(Debug)]
pub(crate) struct RollUp {
    delta: bool,
    step: i64,
    current: Option<Gathered>,
}

#[derive(Debug)]
struct Gathered {
    step: i64,
    first: Point,
    last: Point,
    gain: Option<Point>,
    points: u64,
}

impl RollUp {
    /// Steps of `step` nanoseconds; `delta` if each point counts for itself.
    pub(crate) fn new(delta: bool, step: i64) -> Self {
        Self { delta, step, current: None }
    }

    /// Takes the next point; gives the stretch before it once that is over. Markers of a series' end are passed over.
    pub(crate) fn take(&mut self, point: Point) -> Option<Stretch> {
        if point.absent {
            return None;
        }
        let step = point.time.saturating_sub(point.time.rem_euclid(self.step));
        if let Some(current) = self.current.as_mut().filter(|current| current.step == step) {
            let more =
                if self.delta { Some(point.clone()) } else { gained(&point, Some(&current.last), i64::MIN) };
            match (&mut current.gain, more) {
                (Some(total), Some(more)) => total.add(&more),
                (none, more) => *none = more,
            }
            current.points += 1;
            current.last = point;
            return None;
        }
        let gain = self.delta.then(|| point.clone());
        let next = Gathered { step, first: point.clone(), last: point, gain, points: 1 };
        self.current.replace(next).map(|before| before.finish(self.delta))
    }

    /// The last stretch.
    pub(crate) fn finish(&mut self) -> Option<Stretch> {
        self.current.take().map(|last| last.finish(self.delta))
    }
}

impl Gathered {
    fn finish(self, delta: bool) -> Stretch {
        let (step, first_time, last_time, points) = (self.step, self.first.time, self.last.time, self.points);
        let told = match self.gain {
            Some(sum) if delta => Told::Sum(Box::new(Point { time: first_time, ..sum })),
            gain => {
                let difference = gained(&self.last, Some(&self.first), i64::MIN);
                let gain = gain.filter(|gain| !difference.is_some_and(|difference| same(gain, &difference)));
                Told::Ends {
                    first: Box::new(self.first),
                    last: Box::new(self.last),
                    gain: gain.map(Box::new),
                }
            }
        };
        Stretch { step, first_time, last_time, points, told }
    }
}

fn same(one: &Point, other: &Point) -> bool {
    let near = (one.sum - other.sum).abs() <= ROUNDING * one.sum.abs().max(other.sum.abs());
    near && one.count == other.count && one.counts == other.counts
}

impl Stretch {
    /// What was gained from the first point to the last, where points count from a start and there are several.
    pub(crate) fn gain(&self) -> Option<Point> {
        match &self.told {
            Told::Ends { first, last, gain } if self.points > 1 => match gain {
                Some(gain) => Some((**gain).clone()),
                None => gained(last, Some(first), i64::MIN),
            },
            _ => None,
        }
    }
}
