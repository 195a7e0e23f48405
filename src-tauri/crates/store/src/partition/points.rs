//! The points of one series in time order, and how newer ones are laid over older ones.

/// Points of one series, strictly ascending in time. The three lists have equal lengths.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Points {
    pub(crate) times: Vec<i64>,
    pub(crate) starts: Vec<Option<i64>>,
    pub(crate) values: Vec<f64>,
}

/// Time of a point, the number by which a later arrival is told from an earlier one, start time and value.
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

    /// First and last time.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        Some((*self.times.first()?, *self.times.last()?))
    }

    /// Points in any order as points: of several at the same time the last to arrive stays.
    pub(crate) fn arrived(mut rows: Vec<Arrival>) -> Self {
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

    /// Lays newer points over these: at the same time the newer one stays.
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
        let keep = self.times.partition_point(|time| *time < first);
        let older = self.split_off(keep);
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

    /// Takes away the points from a place on.
    pub(crate) fn split_off(&mut self, place: usize) -> Self {
        Self {
            times: self.times.split_off(place),
            starts: self.starts.split_off(place),
            values: self.values.split_off(place),
        }
    }

    /// Keeps the points with `start <= time < end`; the largest number as the end means no end.
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

/// Whether a time lies before an end; the largest number means no end.
pub(crate) fn before(time: i64, end: i64) -> bool {
    time < end || end == i64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(rows: &[(i64, f64)]) -> Points {
        Points::arrived(
            rows.iter().enumerate().map(|(n, (time, value))| (*time, n as i64, None, *value)).collect(),
        )
    }

    #[test]
    fn the_last_to_arrive_stays() {
        assert_eq!(points(&[(2, 1.0), (1, 2.0), (2, 3.0)]), points(&[(1, 2.0), (2, 3.0)]));
    }

    #[test]
    fn newer_points_lie_over_older_ones() {
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
