//! One row of a segment of samples: the points of one series as differences from point to point.

use super::points::Points;
use crate::segment::codec::Numbers;

/// Rows that one series is split into at most.
const MAX_SPLITS: usize = 8;

/// The points of one series as a segment stores them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SampleRow {
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    /// Nanoseconds since the previous point; zero for the first.
    pub(crate) time_deltas: Vec<i64>,
    /// The start time that all points have.
    pub(crate) start_time: Option<i64>,
    /// The start time of each point, where they differ.
    pub(crate) start_times: Option<Vec<Option<i64>>>,
    pub(crate) numbers: Numbers,
}

/// Splits points into those of one row each. Values that are not finite, such as staleness markers,
/// get rows of their own, so that the others can be encoded as decimals.
pub(crate) fn split(mut points: Points) -> Vec<Points> {
    let cuts: Vec<usize> = (1..points.len())
        .filter(|at| points.values[*at].is_finite() != points.values[*at - 1].is_finite())
        .collect();
    let mut parts = Vec::new();
    if cuts.len() < MAX_SPLITS {
        for cut in cuts.into_iter().rev() {
            parts.push(points.split_off(cut));
        }
    }
    if !points.is_empty() {
        parts.push(points);
    }
    parts.reverse();
    parts
}

/// Encodes points as a row.
pub(crate) fn encode(points: &Points) -> SampleRow {
    let (first_time, last_time) = points.span().unwrap_or_default();
    let mut before = first_time;
    let time_deltas =
        points.times.iter().map(|time| time.wrapping_sub(std::mem::replace(&mut before, *time)));
    let start_time = points.starts.first().copied().flatten();
    let same = points.starts.iter().all(|start| *start == start_time);
    SampleRow {
        first_time,
        last_time,
        time_deltas: time_deltas.collect(),
        start_time: start_time.filter(|_| same),
        start_times: (!same).then(|| points.starts.clone()),
        numbers: Numbers::encode(&points.values),
    }
}

/// Decodes the points of a row. Lists of unequal lengths are truncated to the shortest.
pub(crate) fn decode(row: SampleRow) -> Points {
    let mut time = row.first_time;
    let times: Vec<i64> = row
        .time_deltas
        .iter()
        .map(|delta| {
            time = time.wrapping_add(*delta);
            time
        })
        .collect();
    let values = row.numbers.decode();
    let starts = row.start_times.unwrap_or_else(|| vec![row.start_time; times.len()]);
    let mut points = Points { times, starts, values };
    let length = points.times.len().min(points.starts.len()).min(points.values.len());
    points.truncate(length);
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::codec::Deltas;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            (-1_000_000_000i64..1_000_000_000).prop_map(|number| number as f64),
            (-1_000_000i64..1_000_000, 0i32..12)
                .prop_map(|(number, places)| number as f64 / 10f64.powi(places)),
            Just(f64::from_bits(0x7ff0_0000_0000_0002)),
            Just(-0.0),
            Just(f64::INFINITY),
        ]
    }

    proptest! {
        #[test]
        fn every_bit_is_restored(
            rows in prop::collection::vec((any::<i64>(), prop::option::of(0i64..3), number()), 0..60)
        ) {
            let rows = rows.into_iter().map(|(time, start, value)| (time, 0, start, value)).collect();
            let points = Points::from_arrivals(rows);
            let mut back = Points::default();
            for part in split(points.clone()) {
                back.overlay(decode(encode(&part)));
            }
            prop_assert_eq!(&back.times, &points.times);
            prop_assert_eq!(&back.starts, &points.starts);
            let bits = |points: &Points| points.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&points));
        }
    }

    #[test]
    fn decimal_values_become_small_integer_deltas() {
        let rows = (0..5).map(|n| (n * 15, n, None, 1000.25 + n as f64 * 0.25)).collect();
        let encoded: Vec<SampleRow> = split(Points::from_arrivals(rows)).iter().map(encode).collect();
        let numbers =
            Numbers::Decimals { decimals: 2, first: 100_025, deltas: Deltas::Short(vec![0, 25, 25, 25, 25]) };
        assert_eq!(encoded.len(), 1);
        assert_eq!(encoded[0].numbers, numbers);
        assert_eq!(encoded[0].time_deltas, [0, 15, 15, 15, 15]);
    }

    #[test]
    fn a_staleness_marker_leaves_the_others_decimal() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let rows = [1.0, 2.0, stale, 3.0].iter().zip(0..).map(|(value, n)| (n, n, None, *value)).collect();
        let encoded: Vec<SampleRow> = split(Points::from_arrivals(rows)).iter().map(encode).collect();
        assert_eq!(encoded.len(), 3);
        assert!(matches!(encoded[0].numbers, Numbers::Decimals { .. }));
        assert!(
            matches!(&encoded[1].numbers, Numbers::Doubles(values) if values[0].to_bits() == stale.to_bits())
        );
    }
}
