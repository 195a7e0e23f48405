//! One row of a partition: the points of one series as steps from point to point.
//!
//! Values that are decimal numbers (most are: counts, bytes, hundredths of a second) become whole numbers of
//! 10^-decimals and are kept as differences, which compress far better than the numbers; a row whose values are
//! not comes as doubles. Either way every bit comes back.

use super::points::Points;

/// Decimal places that are tried.
const MOST_DECIMALS: u8 = 9;
/// Doubles are exact integers up to here.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;
/// Rows a series is cut into at most because of values that are no numbers.
const MOST_CUTS: usize = 8;
/// Steps that fit a float ([`super::rows`]) lie nearer to zero.
const SHORT: u64 = 1 << 22;
/// Steps that fit a double lie nearer to zero.
const LONG: u64 = 1 << 51;

/// Points as a partition keeps them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Row {
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    /// Nanoseconds from the point before; zero for the first.
    pub(crate) time_steps: Vec<i64>,
    /// The start time that all points have.
    pub(crate) start_time: Option<i64>,
    /// The start time of each point, where they differ.
    pub(crate) start_times: Option<Vec<Option<i64>>>,
    pub(crate) numbers: Numbers,
}

/// The values of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    /// As they are.
    Doubles(Vec<f64>),
    /// `(first + sum of the steps up to the point) / 10^decimals`; the first step is zero.
    Decimals { decimals: u8, first: i64, steps: Steps },
}

/// Differences of whole numbers, in the width they need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Steps {
    Short(Vec<i32>),
    Long(Vec<i64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Doubles(Vec::new())
    }
}

/// The points as they become rows: one, or a few where values that are no numbers (such as staleness markers) would
/// keep the others from being decimal.
pub(crate) fn split(mut points: Points) -> Vec<Points> {
    let cuts: Vec<usize> = (1..points.len())
        .filter(|at| points.values[*at].is_finite() != points.values[*at - 1].is_finite())
        .collect();
    let mut parts = Vec::new();
    if cuts.len() < MOST_CUTS {
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

/// Points as a row.
pub(crate) fn encode(points: &Points) -> Row {
    let (first_time, last_time) = points.span().unwrap_or_default();
    let mut before = first_time;
    let time_steps = points.times.iter().map(|time| time.wrapping_sub(std::mem::replace(&mut before, *time)));
    let start_time = points.starts.first().copied().flatten();
    let same = points.starts.iter().all(|start| *start == start_time);
    Row {
        first_time,
        last_time,
        time_steps: time_steps.collect(),
        start_time: start_time.filter(|_| same),
        start_times: (!same).then(|| points.starts.clone()),
        numbers: decimals(&points.values).unwrap_or_else(|| Numbers::Doubles(points.values.clone())),
    }
}

fn decimals(values: &[f64]) -> Option<Numbers> {
    let places = places(values.iter().copied())?;
    let wholes: Vec<i64> = values.iter().map(|value| whole(*value, places)).collect::<Option<_>>()?;
    let first = wholes.first().copied().unwrap_or_default();
    let mut before = first;
    // Both are below 2^53, so their difference fits.
    let steps: Vec<i64> =
        wholes.into_iter().map(|number| number - std::mem::replace(&mut before, number)).collect();
    let farthest = steps.iter().map(|step| step.unsigned_abs()).max().unwrap_or_default();
    let steps = match farthest {
        0..SHORT => Steps::Short(steps.into_iter().map(|step| step as i32).collect()),
        SHORT..LONG => Steps::Long(steps),
        _ => return None,
    };
    Some(Numbers::Decimals { decimals: places, first, steps })
}

/// How many decimal places values have, if they are decimal numbers.
pub(super) fn places(values: impl Iterator<Item = f64>) -> Option<u8> {
    let mut places = 0;
    for value in values {
        while whole(value, places).is_none() {
            places += 1;
            if places > MOST_DECIMALS {
                return None;
            }
        }
    }
    Some(places)
}

/// The value as a whole number of 10^-places, if dividing gives every bit back.
fn whole(value: f64, places: u8) -> Option<i64> {
    let scale = 10f64.powi(i32::from(places));
    let scaled = (value * scale).round();
    let whole = scaled as i64;
    // The whole number is asked, not the rounded double: it has no negative zero.
    (scaled.abs() < EXACT && (whole as f64 / scale).to_bits() == value.to_bits()).then_some(whole)
}

/// The points of a row; rows that do not keep their promise lose what does not fit.
pub(crate) fn decode(row: Row) -> Points {
    let mut time = row.first_time;
    let times: Vec<i64> = row
        .time_steps
        .iter()
        .map(|step| {
            time = time.wrapping_add(*step);
            time
        })
        .collect();
    let values = match row.numbers {
        Numbers::Doubles(values) => values,
        Numbers::Decimals { decimals, first, steps } => {
            let scale = 10f64.powi(i32::from(decimals));
            let mut number = first;
            let mut next = |step: i64| {
                number = number.wrapping_add(step);
                number as f64 / scale
            };
            match steps {
                Steps::Short(steps) => steps.into_iter().map(|step| next(i64::from(step))).collect(),
                Steps::Long(steps) => steps.into_iter().map(next).collect(),
            }
        }
    };
    let starts = row.start_times.unwrap_or_else(|| vec![row.start_time; times.len()]);
    let mut points = Points { times, starts, values };
    let length = points.times.len().min(points.starts.len()).min(points.values.len());
    points.split_off_to(length);
    points
}

impl Points {
    fn split_off_to(&mut self, length: usize) {
        self.times.truncate(length);
        self.starts.truncate(length);
        self.values.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        fn every_bit_comes_back(
            rows in prop::collection::vec((any::<i64>(), prop::option::of(0i64..3), number()), 0..60)
        ) {
            let rows = rows.into_iter().map(|(time, start, value)| (time, 0, start, value)).collect();
            let points = Points::arrived(rows);
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
    fn decimal_values_become_small_whole_steps() {
        let rows = (0..5).map(|n| (n * 15, n, None, 1000.25 + n as f64 * 0.25)).collect();
        let encoded: Vec<Row> = split(Points::arrived(rows)).iter().map(encode).collect();
        let numbers =
            Numbers::Decimals { decimals: 2, first: 100_025, steps: Steps::Short(vec![0, 25, 25, 25, 25]) };
        assert_eq!(encoded.len(), 1);
        assert_eq!(encoded[0].numbers, numbers);
        assert_eq!(encoded[0].time_steps, [0, 15, 15, 15, 15]);
    }

    #[test]
    fn a_staleness_marker_leaves_the_rest_decimal() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let rows = [1.0, 2.0, stale, 3.0].iter().zip(0..).map(|(value, n)| (n, n, None, *value)).collect();
        let encoded: Vec<Row> = split(Points::arrived(rows)).iter().map(encode).collect();
        assert_eq!(encoded.len(), 3);
        assert!(matches!(encoded[0].numbers, Numbers::Decimals { .. }));
        assert!(
            matches!(&encoded[1].numbers, Numbers::Doubles(values) if values[0].to_bits() == stale.to_bits())
        );
    }
}
