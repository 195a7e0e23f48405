//! The points of one series in time order, and the overlay of newer points over older ones.

use crate::segment::time::before;

/// Points of one series, strictly ascending in time. The three lists have equal lengths.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Points {
    pub(crate) times: Vec<i64>,
    pub(crate) starts: Vec<Option<i64>>,
    pub(crate) values: Vec<f64>,
}

/// Time of a point, its order of arrival, its start time and its value.
pub(crate) type Arrival = (i64, i64, Option<i64>, f64);

impl Points {
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn push(&mut self, time: i64, start: Option<i64>, value: f64) {
        self.times.push(time);
        self.starts.push(start);
        self.values.push(value);
    }

    /// Returns the first and last time.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        Some((*self.times.first()?, *self.times.last()?))
    }

    /// Sorts points. Of several at one time the last to arrive wins.
    pub(crate) fn from_arrivals(mut rows: Vec<Arrival>) -> Self {
        if !rows.is_sorted_by(|left, right| left.0 < right.0) {
            rows.sort_unstable_by_key(|(time, arrival, ..)| (*time, *arrival));
        }
        let mut points = Self::default();
        for (time, _, start, value) in rows {
            if points.times.last() == Some(&time) {
                points.pop();
            }
            points.push(time, start, value);
        }
        points
    }

    fn pop(&mut self) {
        self.times.pop();
        self.starts.pop();
        self.values.pop();
    }

    /// Overlays newer points. At equal times the newer point wins.
    pub(crate) fn overlay(&mut self, newer: Self) {
        let (Some((first, _)), Some(last)) = (newer.span(), self.times.last()) else {
            if self.is_empty() {
                *self = newer;
            }
            return;
        };
        if first > *last {
            self.times.extend(newer.times);
            self.starts.extend(newer.starts);
            self.values.extend(newer.values);
            return;
        }
        let retained = self.times.partition_point(|time| *time < first);
        let older = self.split_off(retained);
        let (mut old, mut new) = (older.rows().peekable(), newer.rows().peekable());
        loop {
            let (time, start, value) = match (old.peek(), new.peek()) {
                (Some(one), Some(other)) if one.0 < other.0 => old.next(),
                (Some(one), Some(other)) if one.0 == other.0 => {
                    old.next();
                    new.next()
                }
                (Some(_), None) => old.next(),
                _ => new.next(),
            }
            .unwrap_or_default();
            self.push(time, start, value);
            if old.peek().is_none() && new.peek().is_none() {
                break;
            }
        }
    }

    /// Removes all points after the first `length`.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.times.truncate(length);
        self.starts.truncate(length);
        self.values.truncate(length);
    }

    /// Splits off the points from a position on.
    pub(crate) fn split_off(&mut self, position: usize) -> Self {
        Self {
            times: self.times.split_off(position),
            starts: self.starts.split_off(position),
            values: self.values.split_off(position),
        }
    }

    /// Retains the points with `start <= time < end`. The largest number as the end means no end.
    pub(crate) fn clip(&mut self, start: i64, end: i64) {
        let to = self.times.partition_point(|time| before(*time, end));
        self.split_off(to);
        let from = self.times.partition_point(|time| *time < start);
        if from > 0 {
            *self = self.split_off(from);
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (i64, Option<i64>, f64)> + '_ {
        self.times
            .iter()
            .zip(&self.starts)
            .zip(&self.values)
            .map(|((time, start), value)| (*time, *start, *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(rows: &[(i64, f64)]) -> Points {
        Points::from_arrivals(
            rows.iter().enumerate().map(|(n, (time, value))| (*time, n as i64, None, *value)).collect(),
        )
    }

    #[test]
    fn the_last_to_arrive_wins() {
        assert_eq!(points(&[(2, 1.0), (1, 2.0), (2, 3.0)]), points(&[(1, 2.0), (2, 3.0)]));
    }

    #[test]
    fn newer_points_replace_older_ones() {
        let mut all = points(&[(1, 1.0), (3, 3.0), (5, 5.0), (7, 7.0)]);
        all.overlay(points(&[(2, 20.0), (3, 30.0), (6, 60.0)]));
        assert_eq!(all, points(&[(1, 1.0), (2, 20.0), (3, 30.0), (5, 5.0), (6, 60.0), (7, 7.0)]));
        all.overlay(points(&[(8, 80.0)]));
        all.overlay(Points::default());
        all.overlay(points(&[(0, 0.0)]));
        assert_eq!(all.len(), 8);
        assert!(all.times.is_sorted());
        all.clip(2, 8);
        assert_eq!(all.times, [2, 3, 5, 6, 7]);
    }
}
